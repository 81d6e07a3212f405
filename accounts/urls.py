from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views import general

app_name = "accounts"
urlpatterns = [
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("settings/", general.show, name="general"),
    path("settings/language/", general.set_language, name="language"),
    path("settings/appearance/", general.set_appearance, name="appearance"),
    path("settings/mails/", general.set_mails, name="mails"),
]
