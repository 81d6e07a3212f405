"""Follows *Install* of docs/operations.md in a container, as an operator would."""

import re
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.install import manual
from tests.install.container import Container

# Debian's releases on which the manual is followed, by their names.
RELEASES = {"bookworm": "12", "trixie": "13"}
DOMAIN = "mailhost.test"
WEBMAIL = "192.0.2.10"
# Where the container has this project from.
REPOSITORY = "/root/mailportal"
TOKEN = secrets.token_hex(16)
ACCOUNT, SERVICE = f"AC{secrets.token_hex(16)}", f"MG{secrets.token_hex(16)}"
NOBODY = 32 * "0"

# What the manual leaves to the operator, each with what is put in its place.
VALUES = {
    "DOMAIN=mail.example\n": f"DOMAIN={DOMAIN}\n",
    "WEBMAIL=192.0.2.10/32\n": f"WEBMAIL={WEBMAIL}/32\n",
    f"TWILIO_ACCOUNT=AC{NOBODY}": f"TWILIO_ACCOUNT={ACCOUNT}",
    f"TWILIO_SERVICE=MG{NOBODY}": f"TWILIO_SERVICE={SERVICE}",
}
CLONE = "git clone REPOSITORY /opt/mailportal\n"
PASTED = "twilio-auth-token     # paste, Ctrl-D\n"
# The one command that nobody can run without names in the public DNS: a private
# authority signs for them instead, and the files are where certbot leaves them.
CERTBOT = re.compile(r"^certbot certonly (?:.*\\\n)*.*\n", re.MULTILINE)
SIGNED = r"""
live=/etc/letsencrypt/live/$DOMAIN names=
for name in portal mx imap pop3 smtp; do names=$names,DNS:$name.$DOMAIN; done
mkdir -p /root/authority $live
cd /root/authority
[ -e ca.pem ] || openssl req -x509 -newkey rsa:2048 -nodes -days 2 \
    -keyout ca.key -out ca.pem \
    -subj "/CN=Authority of the test" -addext keyUsage=critical,keyCertSign,cRLSign 2>&1
openssl req -newkey rsa:2048 -nodes -keyout $live/privkey.pem -out request.pem \
    -subj "/CN=$DOMAIN" 2>&1
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -out own.pem -extfile <(printf '%s\n' "subjectAltName=${names#,}" \
    "authorityKeyIdentifier=keyid") 2>&1
cat own.pem ca.pem > $live/fullchain.pem
cd - >/dev/null
"""
ONLINE = re.compile(r"\b(apt-get|pip) ")
CONFIGURE = "python3 -m deploy.render"
HERE = "/root/.here"
# In the record of the kernel, which all containers share with this machine.
DENIED = re.compile(r'type=1326 .*exe="/usr/bin/python')


@dataclass
class Host:
    """A container in which the manual was followed."""

    container: Container
    values: str
    # What each block of commands said.
    said: dict[str, str] = field(default_factory=dict)
    denied_before: set[str] = field(default_factory=lambda: set(denied()))

    def follow(self, block: str, typed: str = "") -> str:
        """Run a block of the manual where the one before it ended."""
        script = f'cd "$(cat {HERE})"\n{self.values}\n{block}\npwd > {HERE}\n'
        online = ONLINE.search(block) is not None
        said = self.container.run(script, typed=typed, online=online)
        self.said[block] = said
        return said

    def manage(self, words: str, typed: str = "") -> str:
        """Run a command of the portal as the manual does."""
        script = f"cd /opt/mailportal; runuser -u mailportal -- deploy/manage {words}"
        return self.container.run(script, typed=typed)

    def python(self, script: str) -> str:
        """Run Python with the portal's settings, and return what it printed."""
        return self.manage("shell --verbosity 0", typed=script).strip()

    def denied_by_kernel(self) -> list[str]:
        """Return what the kernel has said of Python's denied calls since the start."""
        return [line for line in denied() if line not in self.denied_before]


def denied() -> list[str]:
    said = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if DENIED.search(line)]


def install(container: Container, project: Path) -> Host:
    """Follow all steps but the last, which is about the first administrator."""
    values, steps = values_and_steps()
    host = Host(container, values)
    container.write(HERE, "/root\n")
    for step in steps[:-1]:
        for block in step.blocks:
            if CLONE in block:
                _bring(container, project)
            host.follow(as_filled_in(block), TOKEN if PASTED in block else "")
    return host


def values_and_steps() -> tuple[str, list[manual.Step]]:
    """Return the values filled in, and the steps.

    Everything that is done otherwise here has to stand there exactly once.
    """
    values, steps = manual.values_and_steps()
    commands = "".join(block for step in steps for block in step.blocks)
    for there in (CLONE, PASTED):
        assert commands.count(there) == 1, f"no longer in the manual: {there}"
    assert len(CERTBOT.findall(commands)) == 1, "certbot is no longer in the manual"
    return manual.filled_in(values, VALUES), steps


def configuration() -> str:
    """Return the commands that make the mail servers' configuration, new or anew."""
    _, steps = values_and_steps()
    blocks = [block for step in steps for block in step.blocks]
    (found,) = [block for block in blocks if block.startswith(CONFIGURE)]
    return found


def as_filled_in(block: str) -> str:
    """Return a block with what cannot be done in a container done otherwise."""
    block = block.replace(CLONE, CLONE.replace("REPOSITORY", REPOSITORY))
    return CERTBOT.sub(lambda _: SIGNED, block)


def _bring(container: Container, project: Path) -> None:
    """Make a repository of the project as it is here, changes included."""
    container.copy(project, files_of(project), REPOSITORY)
    commit_project(container)


def files_of(project: Path) -> list[str]:
    """Return the names of the project's files as they are here, changes included."""
    listing = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    # As root, in what may be somebody else's folder.
    command = ["git", "-c", "safe.directory=*", "-C", str(project), *listing]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    names = [name for name in found.stdout.decode().split("\0") if name]
    return [name for name in names if (project / name).exists()]


def commit_project(container: Container) -> None:
    """Commit what is in the container's repository of the project."""
    container.run(
        f"cd {REPOSITORY}; git init -q -b main; git add --all;"
        " git -c user.name=Test -c user.email=test@localhost commit -q -m Release"
    )
