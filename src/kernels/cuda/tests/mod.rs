mod agreement;
mod cache;
mod compiled;
mod emulated;
mod golden;
mod missing;
