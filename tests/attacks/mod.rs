//! Every attack that was thought of, one file each.
