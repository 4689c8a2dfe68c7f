//! What holds for every request before and after its handler.

use axum::Router;
use http::{Request, Uri};

/// Layers around the routes.
pub(crate) fn around(router: Router) -> Router {
    router
}

/// A path means the same with and without its trailing slash.
pub(crate) fn normalized<B>(mut request: Request<B>) -> Request<B> {
    if let Some(uri) = without_trailing_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn without_trailing_slash(uri: &Uri) -> Option<Uri> {
    let path = uri
        .path()
        .strip_suffix('/')
        .filter(|path| !path.is_empty())?;
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse().ok()?);
    Uri::from_parts(parts).ok()
}
