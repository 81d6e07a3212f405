from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("settings/", views.general, name="general"),
    path("settings/language/", views.set_language, name="language"),
    path("settings/appearance/", views.set_appearance, name="appearance"),
    path("settings/mails/", views.set_mails, name="mails"),
]
