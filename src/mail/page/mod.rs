//! stub
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page { pub visible: String, pub hidden: String, pub title: String, pub alts: Vec<String>, pub images: usize, pub remote_images: usize, pub tracking_images: usize, pub forms: usize, pub inputs: usize, pub password_inputs: usize, pub scripts: usize, pub event_handlers: usize, pub iframes: usize, pub tags: usize, pub comment_bytes: usize, pub data_uris: usize, pub meta_refresh: usize, pub style_oddities: Vec<&'static str>, pub script_marks: Vec<&'static str>, }
