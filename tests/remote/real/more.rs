//! Further servers as they are configured well, and with compression on the fly.

use std::io;
use std::os::unix::fs::PermissionsExt;

use super::{expect, free_port, media, start};

/// A folder with the media that a server may read under another user.
fn folder() -> io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    std::fs::create_dir(folder.path().join("media"))?;
    media(&folder.path().join("media"))?;
    Ok(folder)
}

#[tokio::test]
async fn apache_is_judged_right_with_and_without_compression() -> io::Result<()> {
    const MODULES: &str = "/usr/lib/apache2/modules";
    for (setting, card) in [
        ("", ""),
        (
            "SetOutputFilter DEFLATE\nSetEnvIfNoCase Request_URI \\.gif$ no-gzip dont-vary",
            // So small a file is compressed whole, and its coded length stated.
            "MMS505",
        ),
    ] {
        let folder = folder()?;
        let port = free_port()?;
        let root = folder.path().display();
        let file = folder.path().join("apache.conf");
        let modules: String = [
            "mpm_event",
            "authz_core",
            "mime",
            "filter",
            "deflate",
            "setenvif",
        ]
        .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
        .concat();
        std::fs::write(
            &file,
            format!(
                "{modules}ServerRoot {root}\nServerName media.example\nPidFile {root}/pid\nErrorLog /dev/null\n\
                 DefaultRuntimeDir {root}\nTypesConfig /dev/null\nAddType image/gif .gif\nAddType text/vcard .vcf\n\
                 Listen 127.0.0.1:{port}\nDocumentRoot {root}/media\n\
                 <Directory {root}/media>\nRequire all granted\n{setting}\n</Directory>\n"
            ),
        )?;
        let running = start(
            "apache2",
            "apache2-bin",
            &["-D", "FOREGROUND", "-f", &file.to_string_lossy()],
            port,
        )?;
        expect(
            port,
            &[
                ("/picture.gif", ""),
                ("/card.vcf", card),
                ("/picture", "MMS504"),
                ("/missing.gif", "MMS503"),
            ],
        )
        .await;
        drop(running);
    }
    Ok(())
}

#[tokio::test]
async fn lighttpd_is_judged_right() -> io::Result<()> {
    let folder = folder()?;
    let port = free_port()?;
    let root = folder.path().display();
    let file = folder.path().join("lighttpd.conf");
    std::fs::write(
        &file,
        format!(
            "server.document-root = \"{root}/media\"\nserver.bind = \"127.0.0.1\"\nserver.port = {port}\n\
             server.errorlog = \"/dev/null\"\n\
             mimetype.assign = ( \".gif\" => \"image/gif\", \".vcf\" => \"text/vcard\" )\n"
        ),
    )?;
    let running = start(
        "lighttpd",
        "lighttpd",
        &["-D", "-f", &file.to_string_lossy()],
        port,
    )?;
    expect(
        port,
        &[
            ("/picture.gif", ""),
            ("/card.vcf", ""),
            ("/picture", "MMS504"),
            ("/missing.gif", "MMS503"),
        ],
    )
    .await;
    drop(running);
    Ok(())
}

#[tokio::test]
async fn caddy_is_judged_right_with_and_without_compression() -> io::Result<()> {
    for (setting, card) in [
        ("", ""),
        (
            "encode gzip {\nminimum_length 1\nmatch header Content-Type text/*\n}",
            "MMS505 MMS509",
        ),
    ] {
        let folder = folder()?;
        let port = free_port()?;
        let root = folder.path().display();
        let file = folder.path().join("Caddyfile");
        std::fs::write(
            &file,
            format!(
                "{{\nadmin off\nauto_https off\nstorage file_system {root}/store\n}}\nhttp://127.0.0.1:{port} {{\n\
                 root * {root}/media\n@card path *.vcf\nheader @card Content-Type text/vcard\n{setting}\nfile_server\n}}\n"
            ),
        )?;
        let running = start(
            "caddy",
            "caddy",
            &[
                "run",
                "--adapter",
                "caddyfile",
                "--config",
                &file.to_string_lossy(),
            ],
            port,
        )?;
        expect(
            port,
            &[
                ("/picture.gif", ""),
                ("/card.vcf", card),
                ("/missing.gif", "MMS503"),
            ],
        )
        .await;
        drop(running);
    }
    Ok(())
}

#[tokio::test]
async fn gunicorn_is_judged_right_with_and_without_a_length() -> io::Result<()> {
    let folder = folder()?;
    let port = free_port()?;
    let script = "import os\n\
                  BODY = open(os.path.join(os.path.dirname(__file__), 'media', 'picture.gif'), 'rb').read()\n\
                  def app(environ, start):\n\
                  \x20   fields = [('Content-Type', 'image/gif')]\n\
                  \x20   if environ['PATH_INFO'] == '/length':\n\
                  \x20       fields.append(('Content-Length', str(len(BODY))))\n\
                  \x20   start('200 OK', fields)\n\
                  \x20   return [] if environ['REQUEST_METHOD'] == 'HEAD' else [BODY[:9], BODY[9:]]\n";
    std::fs::write(folder.path().join("pictures.py"), script)?;
    let running = start(
        "gunicorn",
        "gunicorn",
        &[
            "--chdir",
            &folder.path().to_string_lossy(),
            "--bind",
            &format!("127.0.0.1:{port}"),
            "--worker-tmp-dir",
            &folder.path().to_string_lossy(),
            "--threads",
            "4",
            "pictures:app",
        ],
        port,
    )?;
    expect(port, &[("/length", ""), ("/stream", "MMS505 MMS508")]).await;
    drop(running);
    Ok(())
}
