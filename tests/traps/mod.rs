//! What the bare libraries do, one file each: the reasons for some of our code.
