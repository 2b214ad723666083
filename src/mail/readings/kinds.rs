//! Kinds of files that a mail client's user runs or unpacks with a click: what is worth hiding from a filter.
//!
//! Pure.

use crate::mail::{content::Part, names};

/// Media types by content, besides those that run.
const TYPES: &[&str] = &[
    "application/x-executable",
    "application/x-mach-binary",
    "application/onenote",
    "application/x-vhd",
    "application/x-vhdx",
    "application/x-ace-compressed",
    "application/x-arj",
    "application/x-lzh-compressed",
    "application/x-iso9660-image",
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

/// Extensions of names, as `names::extension` gives them.
const EXTENSIONS: &[&str] = &[
    "7z", "ace", "app", "arj", "asp", "bas", "bz2", "cab", "crt", "docm", "dotm", "gz", "hlp", "inf", "lha", "lzh",
    "msh", "ocx", "one", "potm", "ppam", "pptm", "rar", "sldm", "tar", "tgz", "xlam", "xlsm", "xltm", "xz", "z", "zip",
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
/// schools exchange (`.py`, `.sh`, `.app` are opened by editors or not at all). Images of discs are among them: a click
/// mounts them, and what is on them no longer counts as from the Internet.
const EXECUTABLE_EXTENSIONS: &[&str] = &[
    "ade",
    "adp",
    "apk",
    "appcontent-ms",
    "application",
    "appref-ms",
    "appx",
    "appxbundle",
    "bat",
    "chm",
    "clsid",
    "cmd",
    "com",
    "cpl",
    "desktop",
    "diagcab",
    "diagcfg",
    "diagpkg",
    "dll",
    "dmg",
    "exe",
    "gadget",
    "hta",
    "img",
    "ins",
    "iso",
    "isp",
    "jar",
    "jnlp",
    "js",
    "jse",
    "library-ms",
    "lnk",
    "mde",
    "mjs",
    "msc",
    "msi",
    "msix",
    "msixbundle",
    "msp",
    "mst",
    "msu",
    "osd",
    "pif",
    "ps1",
    "ps1xml",
    "ps2",
    "ps2xml",
    "psc1",
    "psc2",
    "psm1",
    "reg",
    "scf",
    "scr",
    "sct",
    "searchconnector-ms",
    "search-ms",
    "settingcontent-ms",
    "shb",
    "shs",
    "sys",
    "udf",
    "url",
    "vb",
    "vbe",
    "vbs",
    "vhd",
    "vhdx",
    "vxd",
    "website",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xbap",
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
    is_executable_type(detected) || TYPES.contains(&detected)
}

/// The extensions of such kinds that readings of the name give.
pub fn risky_extensions(readings: &[String]) -> impl Iterator<Item = String> {
    readings
        .iter()
        .filter_map(|name| names::extension(name))
        .filter(|extension| is_executable_extension(extension) || EXTENSIONS.contains(&extension.as_str()))
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
    fn extensions_are_written_as_names_give_them() {
        for extension in EXTENSIONS.iter().chain(EXECUTABLE_EXTENSIONS) {
            assert_eq!(names::extension(&format!("a.{extension}")).as_deref(), Some(*extension));
        }
        for name in
            ["a.library-ms", "a.Search-MS", "a.jpg.{00020424-0000-0000-C000-000000000046}", "a.desktop", "a.iso"]
        {
            assert!(names::extension(name).is_some_and(|end| is_executable_extension(&end)), "{name}");
        }
    }

    #[test]
    fn kinds_are_told() {
        assert!(is_risky_type("application/zip") && !is_risky_type("text/plain"));
        assert_eq!(risky_extensions(&["a.PDF.exe ".to_owned(), "b.pdf".to_owned()]).count(), 1);
    }
}
