//! Files that are something else than their name and declared type say, where the difference hurts.
//!
//! Pure. A table under the name of another office format is no lie; a program under the name of a picture is.

/// Types that run, or lead to something that runs.
const PROGRAMS: &[&str] = &[
    "application/x-dosexec",
    "application/x-executable",
    "application/x-mach-binary",
    "application/x-msi",
    "application/x-ms-shortcut",
    "application/hta",
    "application/vnd.ms-htmlhelp",
    "application/onenote",
    "application/java-vm",
    "text/x-windows-script",
    "text/x-msdos-batch",
    "text/x-shellscript",
    "text/x-ms-regedit",
    "application/x-mswinurl",
];

/// Types that hold files.
const ARCHIVES: &[&str] = &[
    "application/zip",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/gzip",
    "application/vnd.ms-cab-compressed",
    "application/x-ace-compressed",
    "application/x-arj",
    "application/x-lzh-compressed",
    "application/x-iso9660-image",
    "application/x-vhd",
    "application/x-vhdx",
];

const PAGES: &[&str] = &["text/html", "image/svg+xml", "application/hta"];

/// Extensions of what is only looked at, heard or read.
const SHOWN: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "tif", "tiff", "webp", "heic", "avif", "ico", "mp3", "mp4",
    "wav", "m4a", "avi", "mov", "mkv", "flac", "ogg", "pdf", "txt", "log", "md",
];
/// Extensions of documents and archives, which a program is not.
const DOCUMENTS: &[&str] = &[
    "doc", "docx", "docm", "dot", "dotx", "xls", "xlsx", "xlsm", "xlt", "ppt", "pptx", "pps", "ppsx", "odt", "ods",
    "odp", "rtf", "csv", "xml", "json", "html", "htm", "eml", "msg", "ics", "vcf", "zip", "rar", "7z", "gz", "tar",
    "epub", "svg",
];

/// Do the declared type and the extensions of a file belie its content?
#[must_use]
pub fn belies(declared: &str, extensions: &[String], detected: &str) -> bool {
    let is_named = |list: &[&str]| extensions.iter().any(|extension| list.contains(&extension.as_str()));
    let is_declared_shown = declared.starts_with("image/") && declared != "image/svg+xml"
        || declared.starts_with("audio/")
        || declared.starts_with("video/")
        || declared == "application/pdf";
    if PROGRAMS.contains(&detected) {
        let is_text = detected.starts_with("text/") || detected == "application/hta";
        let is_declared_text = declared.starts_with("text/") && !is_text && extensions.is_empty();
        return is_declared_shown
            || is_declared_text
            || is_named(SHOWN) && !(is_text && is_named(READ))
            || is_named(DOCUMENTS) && !is_text;
    }
    if PAGES.contains(&detected) {
        return is_declared_shown || (is_named(SHOWN) && !is_named(READ));
    }
    ARCHIVES.contains(&detected) && (is_declared_shown || is_named(SHOWN))
}

/// Extensions of plain text, which scripts and pages are as well.
const READ: &[&str] = &["txt", "log", "md"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_lies_are_told_from_harmless_ones() {
        for (declared, extension, detected, lies) in [
            ("application/pdf", "pdf", "application/x-dosexec", true),
            ("application/octet-stream", "pdf", "application/x-dosexec", true),
            ("application/octet-stream", "docx", "application/x-dosexec", true),
            ("image/png", "", "text/html", true),
            ("application/octet-stream", "jpg", "text/html", true),
            ("application/octet-stream", "pdf", "application/zip", true),
            ("application/octet-stream", "exe", "application/x-dosexec", false),
            ("application/vnd.ms-excel", "xls", "text/html", false),
            ("text/plain", "txt", "text/html", false),
            ("text/plain", "txt", "text/x-shellscript", false),
            ("application/octet-stream", "docx", "application/zip", false),
            ("application/octet-stream", "rar", "application/zip", false),
            ("application/pdf", "pdf", "application/pdf", false),
        ] {
            assert_eq!(belies(declared, &[extension.to_owned()], detected), lies, "{declared} {extension} {detected}");
        }
    }
}
