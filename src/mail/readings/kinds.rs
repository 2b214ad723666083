//! Kinds of files that a mail client's user runs or unpacks with a click: what is worth hiding from a filter.
//!
//! Pure.

use crate::mail::{content::Part, names};

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

/// Types by content that run when opened.
const EXECUTABLE_TYPES: &[&str] = &[
    "application/x-dosexec",
    "application/x-ms-shortcut",
    "application/x-msi",
    "application/x-mswinurl",
    "application/hta",
    "application/vnd.ms-htmlhelp",
    "application/vnd.android.dex",
    "text/x-windows-script",
    "text/x-msdos-batch",
    "text/x-ms-regedit",
];

/// Extensions that Windows, macOS or an installed Java run when opened; the lists of Outlook and Gmail, less what
/// schools exchange (`.py`, `.sh`, `.app` are opened by editors or not at all).
const EXECUTABLE_EXTENSIONS: &[&str] = &[
    "ade",
    "adp",
    "apk",
    "appx",
    "appxbundle",
    "bat",
    "chm",
    "cmd",
    "com",
    "cpl",
    "dll",
    "exe",
    "gadget",
    "hta",
    "ins",
    "isp",
    "jar",
    "jnlp",
    "js",
    "jse",
    "library-ms",
    "lnk",
    "mde",
    "msc",
    "msi",
    "msix",
    "msp",
    "mst",
    "pif",
    "ps1",
    "psm1",
    "reg",
    "scf",
    "scr",
    "sct",
    "search-ms",
    "settingcontentms",
    "settingcontent-ms",
    "shb",
    "shs",
    "sys",
    "url",
    "vb",
    "vbe",
    "vbs",
    "vxd",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xll",
];

/// Does a file of this type run when it is opened?
#[must_use]
pub fn is_executable_type(detected: &str) -> bool {
    EXECUTABLE_TYPES.contains(&detected)
}

/// Does a file with this extension run when it is opened?
#[must_use]
pub fn is_executable_extension(extension: &str) -> bool {
    EXECUTABLE_EXTENSIONS.contains(&extension)
}

/// Why a client would execute this part: its type by content, or a reading of its name.
#[must_use]
pub fn executable(part: &Part) -> Option<&str> {
    if is_executable_type(&part.detected) {
        return Some(&part.detected);
    }
    let is_executable = |name: &&String| names::extension(name).is_some_and(|end| is_executable_extension(&end));
    part.names.iter().find(is_executable).map(String::as_str)
}

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
    fn names_are_read_as_windows_does() {
        for name in ["a.exe", "A.EXE", "a.pdf.exe. .", "a.exe\0.pdf", "a.scr ", "a.exe:x.txt", "a.ex\u{202e}e"] {
            assert!(names::extension(name).is_some_and(|end| is_executable_extension(&end)), "{name:?}");
        }
        assert_eq!(names::extension("Elternbrief.pdf").as_deref(), Some("pdf"));
        assert_eq!(names::extension("Elternbrief"), None);
    }

    #[test]
    fn kinds_are_told() {
        assert!(is_risky_type("application/zip") && !is_risky_type("text/plain"));
        assert_eq!(risky_extensions(&["a.PDF.exe ".to_owned(), "b.pdf".to_owned()]).count(), 1);
    }
}
