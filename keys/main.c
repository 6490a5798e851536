/* fileapi-keys: fetches the issuer's public keys and keeps their file up to date. */
#include "keys/daemon.h"
#include "lib/base/program.h"

#include <curl/curl.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    struct fa_program program;
    int status;

    if (fa_program_no_arguments(argc, argv) < 0 || fa_program_start(&program, "fileapi-keys") < 0)
        return EXIT_FAILURE;
    if (program.options.signing_key[0] != '\0') {
        /* Its keys must not be replaced by anybody else's. */
        fa_log(&program.log, FA_LOG_INFO, "not_needed",
               FA_LOG_TEXT("detail", "FILEAPI_SIGNING_KEY is set: the issuer is the embedded one"));
        return EXIT_SUCCESS;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return EXIT_FAILURE;
    status = fa_daemon_run(&program.options, &program.log);
    curl_global_cleanup();
    return status;
}
