//! Layer tables.
