//! Single requests, outside of the measured load: to capture a page, and to check one.

use std::time::Duration;

use anyhow::Context;
use ureq::Agent;
use ureq::http::Response;

pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

/// A page as a browser receives it.
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn read(mut response: Response<ureq::Body>) -> anyhow::Result<Self> {
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| Ok((name.as_str().to_owned(), value.to_str()?.to_owned())))
            .collect::<anyhow::Result<_>>()?;
        let status = response.status().as_u16();
        Ok(Self { status, headers, body: response.body_mut().read_to_string()? })
    }

    /// The `name=value` of the cookies that the response sets.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        lines.filter_map(|(_, line)| line.split(';').next()).collect()
    }

    /// The CSRF token of the first form.
    pub(crate) fn token(&self) -> anyhow::Result<&str> {
        let (_, rest) = self.body.split_once(r#"name="csrf""#).context("a page without a form")?;
        let (_, rest) = rest.split_once(r#"value=""#).context("a token without a value")?;
        Ok(rest.split('"').next().unwrap_or_default())
    }
}

/// GET from a server on this machine. The app accepts only its own host name.
pub(crate) fn get(port: u16, path: &str, cookie: Option<&str>) -> anyhow::Result<Received> {
    let request = agent().get(format!("http://127.0.0.1:{port}{path}")).header("Host", host(port));
    let request = match cookie {
        Some(cookie) => request.header("Cookie", cookie),
        None => request,
    };
    Received::read(request.call()?)
}

pub(crate) fn host(port: u16) -> String {
    format!("localhost:{port}")
}
