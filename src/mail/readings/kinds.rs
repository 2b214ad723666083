//! Kinds of files that a mail client's user runs or unpacks with a click: what is worth hiding from a filter.
//!
//! Pure.

use crate::mail::names;

/// Media types by content.
const TYPES: &[&str] = &[
    "application/x-dosexec",
    "application/x-executable",
    "application/x-mach-binary",
    "application/x-ms-shortcut",
    "application/onenote",
    "application/x-vhd",
    "application/x-vhdx",
    "application/vnd.ms-htmlhelp",
    "application/x-ace-compressed",
    "application/x-arj",
    "application/x-lzh-compressed",
    "application/x-iso9660-image",
    "application/x-msi",
    "application/hta",
    "text/x-windows-script",
    "text/x-msdos-batch",
    "text/x-ms-regedit",
    "application/x-mswinurl",
    "application/zip",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/gzip",
    "application/x-bzip2",
    "application/x-xz",
    "application/zstd",
    "application/vnd.ms-cab-compressed",
    "application/java-archive",
];

/// Extensions of names.
const EXTENSIONS: &[&str] = &[
    "7z",
    "ace",
    "app",
    "appx",
    "appxbundle",
    "arj",
    "asp",
    "bas",
    "bat",
    "bz2",
    "cab",
    "chm",
    "cmd",
    "com",
    "cpl",
    "crt",
    "dll",
    "docm",
    "dotm",
    "exe",
    "gadget",
    "gz",
    "hlp",
    "hta",
    "img",
    "inf",
    "ins",
    "iso",
    "isp",
    "jar",
    "js",
    "jse",
    "lha",
    "library-ms",
    "lnk",
    "lzh",
    "mde",
    "msc",
    "msh",
    "msi",
    "msix",
    "msp",
    "mst",
    "ocx",
    "one",
    "pif",
    "potm",
    "ppam",
    "pptm",
    "ps1",
    "ps1xml",
    "psc1",
    "rar",
    "reg",
    "scf",
    "scr",
    "sct",
    "search-ms",
    "shb",
    "shs",
    "sldm",
    "sys",
    "tar",
    "tgz",
    "udf",
    "url",
    "vb",
    "vbe",
    "vbs",
    "vhd",
    "vhdx",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xlam",
    "xll",
    "xlsm",
    "xltm",
    "xz",
    "z",
    "zip",
    "zst",
];

/// Is it of such a kind by its content?
#[must_use]
pub fn is_risky_type(detected: &str) -> bool {
    TYPES.contains(&detected)
}

/// The extensions of such kinds that readings of the name give.
pub fn risky_extensions(readings: &[String]) -> impl Iterator<Item = String> {
    readings
        .iter()
        .filter_map(|name| names::extension(name))
        .filter(|extension| EXTENSIONS.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told() {
        assert!(is_risky_type("application/zip") && !is_risky_type("text/plain"));
        assert_eq!(risky_extensions(&["a.PDF.exe ".to_owned(), "b.pdf".to_owned()]).count(), 1);
    }
}
