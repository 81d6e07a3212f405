"""The SQL views by which the mail server decides, and what it may say.

Their SQL is in `clientpasswords/logon/`, as one of them reads that app's table.
"""

from django.db import models


class MailLogon(models.Model):
    """A client password for one protocol, as the mail server sees it.

    `refusal` names the reason for which the logon is refused; NULL: it is allowed. If
    `networks` or `policy_networks` is not empty, the client's address must be in it;
    if both are not empty, in both.
    """

    address = models.CharField(max_length=254)
    domain = models.CharField(max_length=253)
    protocol = models.CharField(max_length=16)
    selector = models.CharField(max_length=4)
    hash = models.CharField(max_length=200)
    credential = models.BigIntegerField(primary_key=True)
    login_name = models.CharField(max_length=300)
    networks = models.CharField(max_length=500)
    policy_networks = models.CharField(max_length=500)
    refusal = models.CharField(max_length=40, null=True)

    class Meta:
        managed = False
        db_table = "mail_logon"

    def __str__(self) -> str:
        return f"{self.login_name} {self.protocol}"


class MailWebLogon(models.Model):
    """The web password for one protocol, as the mail server sees it.

    From `networks` it opens the door in spite of everything. From elsewhere it does if
    there is no `refusal`, and, where `policy_networks` are not empty, from these only.
    """

    address = models.CharField(max_length=254, primary_key=True)
    domain = models.CharField(max_length=253)
    protocol = models.CharField(max_length=16)
    hash = models.CharField(max_length=200, null=True)
    login_name = models.CharField(max_length=300)
    networks = models.TextField()
    policy_networks = models.CharField(max_length=500)
    refusal = models.CharField(max_length=40, null=True)

    class Meta:
        managed = False
        db_table = "mail_web_logon"

    def __str__(self) -> str:
        return f"{self.login_name} {self.protocol}"


class MailNotice(models.Model):
    """What may be told to a mail program with the right password: the SQL view.

    There is none for a reason without a notice, nor for a mailbox that is disabled.
    """

    address = models.CharField(max_length=254, primary_key=True)
    reason = models.CharField(max_length=40)
    notice = models.TextField()

    class Meta:
        managed = False
        db_table = "mail_notice"

    def __str__(self) -> str:
        return f"{self.address} {self.reason}"
