from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views import general, phone

app_name = "accounts"
urlpatterns = [
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("settings/", general.show, name="general"),
    path("settings/language/", general.set_language, name="language"),
    path("settings/appearance/", general.set_appearance, name="appearance"),
    path("settings/mails/", general.set_mails, name="mails"),
    path("settings/phone/", phone.show, name="phone"),
    path("settings/phone/number/", phone.number, name="phone-number"),
    path("settings/phone/code/", phone.code, name="phone-code"),
    path("settings/phone/code/send/", phone.send_code, name="phone-send"),
]
