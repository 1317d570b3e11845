//! Pictures and reports about generators and footage, made of [`crate::metrics`]' numbers.

pub mod average;
pub mod distribution;
pub mod equivariance;
mod heat;
pub mod layers;
mod log;
mod npz;
pub mod page;
mod panels;
mod paper;
mod plot;
mod save;
mod sheet;
pub mod spectrum;
mod strip;

pub use heat::HeatMap;
pub use log::{Batch, Log};
pub use npz::npz;
pub use page::Page;
pub use panels::{Band, Panel, Panels};
pub use paper::{Published, published};
pub use plot::{Line, Plot, encode as png};
pub use save::save;
pub use sheet::{Sheet, Tile};
pub use strip::{Stripes, Watch};
