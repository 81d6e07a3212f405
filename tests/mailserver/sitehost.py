"""A mail host whose administrator has added settings to the rendered ones."""

from dataclasses import dataclass
from pathlib import Path

from deploy.mailhost import MailHost
from tests.mailserver.versions import DOVECOT


@dataclass
class SiteHost(MailHost):
    """A host with a main file that includes the rendered one, as in the manual.

    In Postfix's files, the additions follow the rendered lines.
    """

    dovecot: str = ""
    main_cf: str = ""
    master_cf: str = ""

    @property
    def dovecot_conf(self) -> Path:
        """The administrator's file."""
        return self.folder / "site.conf"

    def _prepare(self, base: Path) -> None:
        super()._prepare(base)
        ours = super().dovecot_conf
        first = DOVECOT.first
        self.dovecot_conf.write_text(f"{first}!include {ours}\n{self.dovecot}")
        for name, text in (("main.cf", self.main_cf), ("master.cf", self.master_cf)):
            with (self.folder / "postfix" / name).open("a") as file:
                file.write(text)
