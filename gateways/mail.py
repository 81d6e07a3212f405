"""Mail, sent by Django's backend, with a time-out and our own exception."""

from django.core.mail import EmailMessage

# Keeps vacation notices from answering (RFC 3834).
HEADERS = {"Auto-Submitted": "auto-generated"}


class NotSent(Exception):
    """The mail server did not accept the mail; another try may help."""


def send(to: str, subject: str, text: str) -> None:
    """Send a mail in plain text by the mail server of the settings.

    Raises:
        NotSent: it was not accepted. The message is ours, because the mail server's
            own could repeat the address.
    """
    try:
        EmailMessage(subject, text, to=[to], headers=HEADERS).send()
    except OSError as error:  # as all of smtplib's errors are
        raise NotSent(type(error).__name__) from None
