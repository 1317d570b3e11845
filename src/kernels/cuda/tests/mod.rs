mod agreement;
mod compiled;
mod emulated;
mod golden;
mod missing;
