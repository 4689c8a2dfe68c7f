//! Who may connect: the operating-system user who runs this node, as any of our roles, and nobody else.

use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};

use super::{ADMIN, Error, Owner, SERVICES, owner, role_of};

/// The one rule: over the socket, checked with the kernel. There is no password that could leak or be guessed.
const RULES: &str = "# Written by kith at every start.\nlocal all all peer map=kith\n";

/// Writes `pg_hba.conf` and `pg_ident.conf` anew, because this time another user may be starting the node.
pub(super) async fn write_rules(data: &Path, owner: &Owner) -> Result<(), Error> {
    let name = owner::own_name().await.ok_or_else(|| {
        Error::io("this user id has no name, which PostgreSQL needs", data)(
            std::io::ErrorKind::NotFound.into(),
        )
    })?;
    replace(data, "pg_hba.conf", RULES, owner)?;
    replace(data, "pg_ident.conf", &names(&name), owner)
}

fn names(system_user: &str) -> String {
    let quoted = system_user.replace('"', "\"\"");
    let roles = SERVICES
        .iter()
        .map(|service| role_of(service))
        .chain([ADMIN.to_owned()]);
    roles.fold(
        "# Written by kith at every start.\n".to_owned(),
        |text, role| text + &format!("kith \"{quoted}\" {role}\n"),
    )
}

/// Writes beside and renames. The folder belongs to a less privileged user, who could have put a link in the file's
/// place: nothing here follows one.
fn replace(data: &Path, name: &str, content: &str, owner: &Owner) -> Result<(), Error> {
    let failed = || {
        Error::io(
            "cannot write the access rules of the database",
            data.join(name),
        )
    };
    write_new(data, name, content, owner).map_err(failed())
}

fn write_new(data: &Path, name: &str, content: &str, owner: &Owner) -> std::io::Result<()> {
    let fresh = format!("{name}.new");
    let folder = rustix::fs::open(
        data,
        OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let _ = rustix::fs::unlinkat(&folder, fresh.as_str(), AtFlags::empty());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = std::fs::File::from(rustix::fs::openat(
        &folder,
        fresh.as_str(),
        flags,
        Mode::from_raw_mode(0o600),
    )?);
    if owner.handed_over {
        std::os::unix::fs::fchown(&file, Some(owner.uid), Some(owner.gid))?;
    }
    std::io::Write::write_all(&mut &file, content.as_bytes())?;
    rustix::fs::renameat(&folder, fresh.as_str(), &folder, name)?;
    Ok(())
}
