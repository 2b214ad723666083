//! TODO(cli) A case as text: client, envelope, time and facts of one mail (`case.toml`), DESIGN.md section 6.
