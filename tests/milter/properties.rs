//! Properties of the dialogue: any packets, any order, any chunking.
