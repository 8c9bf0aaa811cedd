//! A TLS connection of a test's own to a replica: what it serves, and whom.

use super::access::Access;
use super::credentials::Signed;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// The name that API servers ask for when Flinkgate lives in `flinkgate-system`.
const SERVICE: &str = "flinkgate.flinkgate-system.svc";
const PATIENCE: Duration = Duration::from_secs(10);

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Connects as `client`, trusting the certificates in `roots` (PEM), and has a request answered;
/// gives the certificate that was served.
pub fn connect(
    address: SocketAddr,
    roots: &[u8],
    client: Option<&Signed>,
) -> Result<CertificateDer<'static>, String> {
    let ask = || -> std::io::Result<(String, CertificateDer<'static>)> {
        let mut stream = send(
            address,
            roots,
            client,
            b"GET /validate HTTP/1.1\r\nhost: flinkgate\r\nconnection: close\r\n\r\n",
        )?;
        // With TLS 1.3 it is only here that a client learns whether it is taken.
        let mut answer = [0; 8];
        stream.read_exact(&mut answer)?;
        let served = stream.conn.peer_certificates().unwrap()[0].clone().into_owned();
        Ok((String::from_utf8_lossy(&answer).into_owned(), served))
    };
    match ask() {
        Ok((answer, served)) if answer == "HTTP/1.1" => Ok(served),
        Ok((answer, _)) => Err(format!("no HTTP answer but {answer:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// The path that API servers call for a webhook, `mutate` or `validate`, with its token.
pub fn webhook_path(admin: &Access, webhook: &str) -> String {
    let kind = match webhook {
        "mutate" => "mutatingwebhookconfiguration",
        _ => "validatingwebhookconfiguration",
    };
    let client = admin.get(&[kind, "flinkgate"])["webhooks"][0]["clientConfig"].take();
    let url = client["url"].as_str().map(|url| url.splitn(4, '/').nth(3).unwrap_or_default());
    let path = client["service"]["path"].as_str().or(url).unwrap_or_default();
    format!("/{}", path.trim_start_matches('/'))
}

/// Asks as an API server does; gives the body of the answer.
pub fn post(address: SocketAddr, roots: &[u8], path: &str, body: &str) -> Result<Value, String> {
    let (status, body) = ask(address, roots, path, body)?;
    serde_json::from_str(&body).map_err(|error| format!("{error}: {status} {body}"))
}

/// Asks as any client can; gives status and body of the answer.
pub fn ask(
    address: SocketAddr,
    roots: &[u8],
    path: &str,
    body: &str,
) -> Result<(u16, String), String> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: flinkgate\r\ncontent-type: application/json\r\nconnection: close\r\n"
    );
    let ask = || -> std::io::Result<String> {
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let mut answer = String::new();
        send(address, roots, None, request.as_bytes())?.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| answer.clone())?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| answer.clone())?, body.to_owned()))
}

fn send(
    address: SocketAddr,
    roots: &[u8],
    client: Option<&Signed>,
    request: &[u8],
) -> std::io::Result<Stream> {
    let mut trusted = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots) {
        trusted.add(root.unwrap()).unwrap();
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(trusted);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let certificate =
                CertificateDer::from_pem_slice(client.certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(client.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from(SERVICE).unwrap();
    let mut stream =
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), socket);
    stream.write_all(request)?;
    Ok(stream)
}
