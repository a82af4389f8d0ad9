/* A main that runs a fuzz target once on each given file: repeats a fuzzer's finding with any compiler. */
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct text text = {0};
        if (text_add_file(&text, argv[i], 1 << 30)) return 1;
        LLVMFuzzerTestOneInput((const uint8_t *)text_get(&text), text.length);
        text_free(&text);
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
