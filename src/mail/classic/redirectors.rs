//! URLs of well-known services that lead elsewhere, with the place that names the target.
//!
//! Pure. The services that SpamAssassin's stock configuration knows.

use super::expression::Expression;
use std::sync::LazyLock;

/// A service: what its URLs look like, up to the target.
static SERVICES: LazyLock<Vec<Expression>> = LazyLock::new(|| {
    const PARAMETER: &str = r"([^&#\n]*)";
    const GOOGLE: &str = r"^https?:/*(?:\w+\.)?google(?:\.\w{2,3}){1,2}";
    [
        format!(r"/(?:index[^\n]php)?\?(?:[^\n]*[?&])?URL={PARAMETER}"),
        format!(r"{GOOGLE}/url\?(?:[^\n]*?[?&])??q={PARAMETER}"),
        format!(r"{GOOGLE}/search\?(?:[^\n]*?[?&])??q=[^&\n]*?(?:%20|[^\n][^\n][=+\s])(?:site|inurl):([^%\s+&#]*)"),
        format!(r#"{GOOGLE}/search\?(?:[^\n]*?[?&])??q=[^&\n]*?(?:%20|[^\n][^\n][=+\s])(?:"|%22)([^%"\s+&#]*)"#),
        format!(r"{GOOGLE}/translate\?(?:[^\n]*?[?&])??u={PARAMETER}"),
        format!(r"{GOOGLE}/pagead/iclk\?(?:[^\n]*?[?&])??adurl={PARAMETER}"),
        format!(r"^https?:/*(?:\w+\.)?aol\.com/redir\.adp\?(?:[^\n]*[?&])?_url={PARAMETER}"),
        r"^https?/*(?:\w+\.)?facebook\.com/l/;([^\n]*)".to_owned(),
        r"^http://chkpt\.zdnet\.com/chkpt/\w+/([^\n]*)".to_owned(),
        r"^http://www\d*\.nate\.com/r/\w+/([^\n]*)".to_owned(),
        r"^http://[^\n]+\.gov/(?:[^\n]*/)?externalLink\.jhtml\?[^\n]*url=([^&\n]*)".to_owned(),
        r"^http://redir\.internet\.com/[^\n]+?/[^\n]+?/([^\n]*)".to_owned(),
        r"^http://(?:[^\n]*?\.)?adtech\.de/[^\n]*[;|]link=([^;\n]*)".to_owned(),
        format!(r"^http[^\n]*?/redirect\.php\?(?:[^\n]*[?&])?goto={PARAMETER}"),
        r"^https?:/*(?:[^/]+\.)?emf\d\.com/r\.cfm[^\n]*?&r=([^\n]*)".to_owned(),
    ]
    .iter()
    .map(|source| Expression::new(&format!("(?i){source}")))
    .collect()
});

/// Where a URL of such a service leads: something with a dot in it.
#[must_use]
pub fn target(url: &str) -> Option<String> {
    SERVICES.iter().find_map(|service| {
        let found = service.groups(url.as_bytes(), 0)?;
        let target = found.get(1)?;
        target.contains(&b'.').then(|| String::from_utf8_lossy(target).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_name_their_target() {
        assert_eq!(target("http://www.google.com/url?sa=t&q=x.example/a&b").as_deref(), Some("x.example/a"));
        assert_eq!(target("https://any.example/?a=b&url=www.x.example#y").as_deref(), Some("www.x.example"));
        assert_eq!(target("http://x.example/y?u=z"), None);
    }
}
