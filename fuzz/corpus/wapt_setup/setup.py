from setuphelpers import *

uninstallkey = ['x']

def install():
    print('''a
b'''); run(r'x', [1, {2: (3,)}])

def audit(a=1, *b):
	return "OK" # no
