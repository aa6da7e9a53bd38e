//! A real nginx: before our server as a proxy, and instead of it on the very folder.

use std::io::{self, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mmsfit::host::{FolderHost, ServerLimits};
use mmsfit::{ContentType, Provider, UrlVerifier, publish_and_verify};

use crate::media::ours;
use crate::{GIF, Outcome, bundle, policy};

/// Ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts nginx with this server block. A machine without it fails the test: it never passes by skipping.
fn nginx(folder: &Path, port: u16, server: &str) -> io::Result<Running> {
    let file = folder.join("nginx.conf");
    let root = folder.display();
    write!(
        std::fs::File::create(&file)?,
        "daemon off; master_process off; pid {root}/pid; error_log /dev/null; events {{}}\n\
         http {{ access_log off; default_type application/octet-stream;\n\
         types {{ image/gif gif; image/jpeg jpg; text/vcard vcf; audio/amr amr; video/mp4 mp4; }}\n\
         client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;\n\
         uwsgi_temp_path {root}/d; scgi_temp_path {root}/e; gzip on;\n\
         server {{ listen 127.0.0.1:{port}; {server} }} }}\n"
    )?;
    let child = Command::new("nginx")
        .arg("-c")
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|why| {
            io::Error::other(format!("nginx does not start ({why}): install nginx-light"))
        })?;
    let running = Running(child);
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err(io::Error::other("nginx does not listen"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(running)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn passes_for_all(host: &FolderHost) -> Outcome {
    let url = host.publish_bytes(GIF, ContentType::Gif)?.url;
    for &provider in Provider::ALL {
        let verifier = UrlVerifier::new(provider.rules().clone(), policy());
        let verdict = verifier.verify(url.as_str()).await;
        assert_eq!(verdict.findings, Vec::new(), "{}", provider.name());
    }
    for provider in [Provider::Sinch, Provider::CarrierX, Provider::TsgGlobal] {
        let bundle = bundle(provider, &["photos/small.jpg", "video/clip.mp4"]).await?;
        let bundle = publish_and_verify(bundle, host, policy()).await?;
        assert!(bundle.parts().iter().all(|part| part.url().is_some()));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_nginx_that_serves_the_folder_passes_for_every_provider() -> Outcome {
    let (folder, media) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let port = free_port()?;
    let root = media.path().display();
    let server = format!("location /media/ {{ root {root}; }} location / {{ return 404; }}");
    let running = nginx(folder.path(), port, &server)?;
    let host = FolderHost::new(media.path(), format!("http://127.0.0.1:{port}").parse()?)?;
    passes_for_all(&host).await?;
    drop(running);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_nginx_before_our_server_passes_for_every_provider() -> Outcome {
    let ours = ours(ServerLimits::default()).await?;
    let folder = tempfile::tempdir()?;
    let port = free_port()?;
    for (front, proxy) in [
        (
            "",
            format!("location / {{ proxy_pass http://{}; }}", ours.address),
        ),
        (
            "/mms",
            format!("location /mms/ {{ proxy_pass http://{}/; }}", ours.address),
        ),
    ] {
        let running = nginx(folder.path(), port, &proxy)?;
        let public = format!("http://127.0.0.1:{port}{front}").parse()?;
        let host = FolderHost::new(ours.folder.path(), public)?;
        passes_for_all(&host).await?;
        drop(running);
    }
    Ok(())
}
