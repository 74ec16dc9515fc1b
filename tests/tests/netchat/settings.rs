//! Settings, from the outside: what can't be is refused and named, and secrets are shown by nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use netchat_tests::process::{PATIENCE, Process, System, program};
use tokio::process::Command;
use tokio::time::timeout;

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

const SECRET: &str = "canary-of-a-secret";

/// Runs a program that ends by itself; its exit code, and all that it wrote.
async fn run(name: &str, arguments: &[&str], variables: Variables<'_>) -> (i32, String) {
    let mut command = Command::new(program(name));
    let state = tempfile::tempdir().unwrap();
    command.env("XDG_STATE_HOME", state.path());
    command.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// Under the usual umask of 022 the database was 0644: everybody on the machine could read it.
#[tokio::test]
async fn s16_the_database_and_what_lies_beside_it_are_the_owners() {
    let system = System::start(&[]).await;
    let mut names = Vec::new();
    for file in std::fs::read_dir(system.folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");

    let System { mut process, folder, .. } = system;
    process.kill().await;
    let database = folder.path().join("netchat.db");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o644)).unwrap();
    let system = System::start_in(folder, &["127.0.0.1:0", "127.0.0.1:0"], &[]).await;
    system.process.terminate();
    let (_, log) = system.process.end().await;
    assert!(log.contains("others on this machine may read the database: chmod 600"), "{log}");
}

/// Settings that never matched, refused everyone or silenced the log were taken without a word.
#[tokio::test]
async fn s17_settings_that_cannot_be_are_named() {
    let [domain, certificate] = [["--acme-domain", "a.example"], ["--tls-certificate", "c.pem"]];
    let acme = |more: [&'static str; 2]| [domain, more].concat();
    let with_files = [domain, certificate, ["--tls-key", "k.pem"]].concat();
    let (contact, directory) = (["--acme-contact", "admin"], ["--acme-directory", "http://ca"]);
    let (cache, root) = (["--acme-cache", "/dev/null/cache"], ["--acme-root", "nowhere"]);
    let cases: [(&str, &[&str], Variables<'_>, &str); 26] = [
        ("netchat", &["up", "--trusted-proxy", "10.0.0.0/33"], &[], "--trusted-proxy"),
        ("netchat-gateway", &["--proxy-says", "x-real-ip"], &[], "--proxy-says"),
        ("netchat-gateway", &["--gateway-key-file", "nowhere"], &[], "can't read nowhere"),
        ("netchat", &["up", "--allow-origin", "chat.example.org"], &[], "--allow-origin"),
        ("netchat", &["up", "--allow-origin", "https://a.example/chat"], &[], "--allow-origin"),
        ("netchat", &["up", "--allow-host", "a.example:80"], &[], "--allow-host"),
        ("netchat", &["up"], &[("NETCHAT_ALLOW_ORIGIN", "*")], "--allow-origin"),
        ("netchat", &["up", "--sessions", "0"], &[], "--sessions"),
        ("netchat-gateway", &["--sessions-per-address", "0"], &[], "--sessions-per-address"),
        ("netchat-gateway", &[], &[("NETCHAT_LOG", "wran")], "NETCHAT_LOG: \"wran\""),
        ("netchat-gateway", &["--server", "nowhere"], &[], "--server"),
        ("netchat-server", &["--database", "/tmp/x", "--ack-timeout", "NaN"], &[], "--ack-timeout"),
        ("netchat-server", &["--retention-days", "99999999"], &[], "--retention-days"),
        ("netchat-server", &["--message-quota", "500"], &[], "--message-quota"),
        ("netchat-server", &["--message-quota", "0,5"], &[], "--message-quota"),
        ("netchat-server", &[], &[("NETCHAT_REQUEST_QUOTA", "none")], "--request-quota"),
        ("netchat-server", &["--sessions-per-account", "0"], &[], "--sessions-per-account"),
        ("netchat-server", &[], &[("NETCHAT_ALLOW_GUESTS", "perhaps")], "--allow-guests"),
        ("netchat", &["chat", "--name", "a#b"], &[], "--name"),
        ("netchat-gateway", &["--acme-domain", "192.0.2.1"], &[], "--acme-domain"),
        ("netchat-gateway", &["--acme-root", "root.pem"], &[], "--acme-domain"),
        ("netchat-gateway", &with_files, &[], "--tls-certificate"),
        ("netchat-gateway", &acme(contact), &[], "--acme-contact"),
        ("netchat-gateway", &acme(directory), &[], "--acme-directory"),
        ("netchat-gateway", &acme(cache), &[], "--acme-cache: can't make"),
        ("netchat-gateway", &acme(root), &[], "--acme-root: can't read nowhere"),
    ];
    for (name, arguments, variables, named) in cases {
        let (code, text) = run(name, arguments, variables).await;
        assert!(code > 0, "{name} {arguments:?} {variables:?} is taken: {text}");
        assert!(text.contains(named), "{name} {arguments:?} {variables:?}: {text}");
    }
}

/// The default password was refused on an open address, but not behind a proxy, where it is as open.
#[tokio::test]
async fn s18_the_default_password_is_refused_behind_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("netchat.db");
    let up = ["up", "--listen", "127.0.0.1:0", "--udp-listen", "127.0.0.1:0", "--database"];
    let up = [&up[..], &[database.to_str().unwrap()]].concat();
    for outside in [
        ["--allow-origin", "https://chat.example.org"],
        ["--allow-host", "chat.lan"],
        ["--acme-domain", "chat.example.org"],
    ] {
        let (code, text) = run("netchat", &[&up[..], &outside].concat(), &[]).await;
        assert!(code > 0 && text.contains("choose a --password"), "{text}");
    }
    assert!(!database.exists(), "refused before anything is made");
}

/// A password that was too long was printed whole, and every password stood in `/proc`.
#[tokio::test]
async fn s19_no_secret_is_in_an_error_or_in_proc() {
    let long = SECRET.repeat(20);
    let server = ["up", "--database", "/nonexistent/netchat.db"];
    for (arguments, variables) in [
        (vec!["chat", "--password", &long], vec![]),
        (vec!["chat", "--server-password", &long], vec![]),
        (vec!["chat"], vec![("NETCHAT_USER_PASSWORD", &*long)]),
        (vec!["chat", "--password", "-canary", "of-a-secret", SECRET], vec![]),
        ([&server[..], &["--password", &long]].concat(), vec![]),
        (server.to_vec(), vec![("NETCHAT_SERVER_PASSWORD", &*long)]),
    ] {
        let (code, text) = run("netchat", &arguments, &variables).await;
        assert!(code > 0, "{arguments:?}: {text}");
        assert!(!text.contains("secret") || !text.contains("canary"), "{text}");
    }

    let flags = ["--password", SECRET];
    let system = System::start(&flags).await;
    for file in ["cmdline", "environ"] {
        let text = std::fs::read(format!("/proc/{}/{file}", system.process.id())).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(SECRET), "{file}: {text}");
    }
}

/// A password came by a flag or a variable only.
#[tokio::test]
async fn s19_passwords_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "short and open\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let path = file.to_str().unwrap();
    let (code, text) = run("netchat", &["chat", "--password-file", path], &[]).await;
    assert!(code > 0 && text.contains("chmod 600"), "{text}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let system = System::start(&["--password-file", path]).await;
    let udp = system.udp.to_string();
    let chat = ["chat", "--server", &udp, "--name", "filer", "--server-password-file", path];
    let (code, text) = run("netchat", &[&chat[..], &["--password-file", path]].concat(), &[]).await;
    assert_eq!(code, 0, "{text}");
}

/// One variable was the server's password for `up` and the person's for `chat`: with it exported,
/// `chat` registered a name with the operator's secret.
#[tokio::test]
async fn s20_the_servers_password_is_no_persons() {
    let system = System::start(&["--password", SECRET]).await;
    let udp = system.udp.to_string();
    let chat = ["chat", "--server", &udp, "--name", "operator"];
    let exported = [("NETCHAT_PASSWORD", SECRET), ("NETCHAT_SERVER_PASSWORD", SECRET)];
    let (code, text) = run("netchat", &chat, &exported).await;
    assert!(code > 0, "it has no password for the name, and input has ended: {text}");
    let with_own = [&exported[..], &[("NETCHAT_USER_PASSWORD", "a person's own")]].concat();
    let (code, text) = run("netchat", &chat, &with_own).await;
    assert_eq!(code, 0, "{text}");
    let right =
        [&chat[..], &["--server-password", SECRET, "--password", "a person's own"]].concat();
    let (code, text) = run("netchat", &right, &[]).await;
    assert_eq!(code, 0, "{text}");
}

#[tokio::test]
async fn the_variable_of_before_still_names_the_servers_password() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("netchat.db");
    let flags = ["--listen", "127.0.0.1:0", "--database", database.to_str().unwrap()];
    let mut server =
        Process::start_with("netchat-server", &flags, &[("NETCHAT_PASSWORD", "of before")]);
    let line = server.line().await;
    let udp = line.trim_end_matches(" (UDP)").rsplit(' ').next().unwrap().to_owned();
    let chat = ["chat", "--server", &udp, "--name", "someone", "--password", "a person's own"];
    let right = [("NETCHAT_SERVER_PASSWORD", "of before")];
    let (code, text) = run("netchat", &chat, &right).await;
    assert_eq!(code, 0, "{text}");
}
