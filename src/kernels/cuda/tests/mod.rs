mod agreement;
mod emulated;
mod golden;
