"""Mail, sent by Django's backend, with a time-out and our own exception."""

from django.core.mail import EmailMultiAlternatives

# Keeps vacation notices from answering (RFC 3834).
HEADERS = {"Auto-Submitted": "auto-generated"}


class NotSent(Exception):
    """The mail server did not accept the mail; another try may help."""


def send(to: str, subject: str, text: str, html: str) -> None:
    """Send a mail in plain text and in HTML by the mail server of the settings.

    Mail programs show the one or the other (multipart/alternative, RFC 2046, 5.1.4).

    Raises:
        NotSent: it was not accepted. The message is ours, because the mail server's
            own could repeat the address.
    """
    message = EmailMultiAlternatives(subject, text, to=[to], headers=HEADERS)
    message.attach_alternative(html, "text/html")
    try:
        message.send()
    except OSError as error:  # as all of smtplib's errors are
        raise NotSent(type(error).__name__) from None
