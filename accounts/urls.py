from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views import delivery, general, passkeys, password, phone, twostep

TWO_STEP = "settings/two-step/"

app_name = "accounts"
urlpatterns = [
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("sms/status/<uuid:reference>/", delivery.learn, name="sms-status"),
    path("settings/", general.show, name="general"),
    path("settings/language/", general.set_language, name="language"),
    path("settings/appearance/", general.set_appearance, name="appearance"),
    path("settings/mails/", general.set_mails, name="mails"),
    path("settings/password/", password.change, name="password"),
    path("settings/password/sessions/", password.end_sessions, name="end-sessions"),
    path("settings/phone/", phone.show, name="phone"),
    path("settings/phone/number/", phone.number, name="phone-number"),
    path("settings/phone/code/", phone.code, name="phone-code"),
    path("settings/phone/code/send/", phone.send_code, name="phone-send"),
    path(f"{TWO_STEP}recovery-codes/", twostep.recovery, name="recovery"),
    path(f"{TWO_STEP}passkeys/add/", passkeys.add, name="passkey-add"),
    path(f"{TWO_STEP}passkeys/make/", passkeys.make, name="passkey-make"),
    path(
        f"{TWO_STEP}passkeys/make/begin/",
        passkeys.begin_making,
        name="passkey-make-begin",
    ),
    path(
        f"{TWO_STEP}passkeys/make/complete/",
        passkeys.complete_making,
        name="passkey-make-complete",
    ),
    path(
        f"{TWO_STEP}passkeys/<int:pk>/remove/", passkeys.remove, name="passkey-remove"
    ),
    path(
        "login/passkey/begin/",
        passkeys.begin_sign_in,
        name="passkey-begin",
    ),
    path("login/passkey/", passkeys.sign_in, name="passkey-sign-in"),
]
