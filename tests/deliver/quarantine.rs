use crate::parcels::{addresses, parcel_with};
use std::fs;
use wehr::doors::quarantine::{Quarantine, Slip};

#[tokio::test]
async fn a_mail_set_aside_keeps_its_bytes_and_its_envelope() {
    let root = tempfile::tempdir().unwrap();
    let quarantine = Quarantine::new(root.path().join("aside"), "host");
    let raw = b"Subject: x\r\n\r\n.dot\nbare\rlast";
    let parcel = parcel_with(raw, &[], 0).await;
    let recipients = addresses(&["a@x", "\"odd \\\" one\"@x"]);
    let path = quarantine.store(&parcel, &recipients, "ref1").await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), raw);
    assert_eq!(path.parent().unwrap(), root.path().join("aside/new"));
    let name = path.file_name().unwrap().to_str().unwrap();
    let text = fs::read_to_string(root.path().join(format!("aside/envelopes/{name}.toml"))).unwrap();
    let slip: Slip = toml::from_str(&text).unwrap();
    assert_eq!(slip.file, name);
    assert_eq!((slip.reference.as_str(), slip.sender.as_str()), ("ref1", "sender@example.org"));
    assert_eq!(slip.recipients, ["a@x", "\"odd \\\" one\"@x"]);
    assert!(slip.stored_at.ends_with('Z') && slip.stored_at.starts_with("20"), "{}", slip.stored_at);
    assert_eq!(fs::read_dir(root.path().join("aside/tmp")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(root.path().join("aside/envelopes")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_quarantine_that_cannot_write_says_so() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("aside"), "a file").unwrap();
    let quarantine = Quarantine::new(root.path().join("aside"), "host");
    let parcel = parcel_with(b"Subject: x\r\n\r\n", &[], 0).await;
    assert!(quarantine.store(&parcel, &addresses(&["a@x"]), "ref").await.is_err());
}
