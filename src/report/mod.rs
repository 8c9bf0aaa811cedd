//! Output formats, one file each, over one list of diagnostics.
