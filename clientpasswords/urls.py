from django.urls import include, path

from clientpasswords.views import area, window

app_name = "clientpasswords"
passwords = [
    path("enable/", area.enable, name="enable"),
    path("disable/", area.disable, name="disable"),
    path("new/", window.new, name="new"),
    path("new/code/", window.send_code, name="code"),
    path("new/verify/", window.verify, name="verify"),
    path("<int:pk>/name/", area.name, name="name"),
    path("<int:pk>/delete/", area.delete, name="delete"),
]
urlpatterns = [
    path("", area.index, name="index"),
    path("security-passwords/", include(passwords)),
]
