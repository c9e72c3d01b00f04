# -*- coding: utf-8 -*-
from setuphelpers import *

# Nothing in the registry: the program is one file.
uninstallkey = []

folder = makepath(programfiles64, "Hello")


def install():
    mkdirs(folder)
    filecopyto("files/hello.exe", folder)
    create_programs_menu_shortcut("Hello", target=makepath(folder, "hello.exe"))


def uninstall():
    remove_programs_menu_shortcut("Hello")
    remove_tree(folder)


def audit():
    if not isfile(makepath(folder, "hello.exe")):
        print("hello.exe is gone")
        return "ERROR"
    return "OK"
