/* Says hello from Windows; `hello.exe --version` is what the package's audit asks. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts(HELLO_VERSION);
        return 0;
    }
    puts("Hello from a WAPT package.");
    return 0;
}
