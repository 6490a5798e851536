/* Bodies that carry their MD5. */
#include "lib/base/cleanup.h"
#include "lib/base/digest.h"
#include "lib/base/hex.h"
#include "lib/store/s3.h"

#include <errno.h>
#include <unistd.h>

enum { READ_CHUNK = 64 * 1024 };

static int
digest_piece(int fd, uint64_t offset, uint64_t size, unsigned char md5[FA_S3_MD5],
             struct fa_error *err)
{
    FA_CLEANUP(fa_digest_free) EVP_MD_CTX *digest = fa_digest_new(EVP_md5());
    unsigned char chunk[READ_CHUNK];

    for (uint64_t done = 0; done < size;) {
        uint64_t left = size - done;
        ssize_t got = pread(fd, chunk, left < sizeof chunk ? (size_t)left : sizeof chunk,
                            (off_t)(offset + done));

        if (got <= 0)
            return fa_error_errno(err, FA_E_STORE, got < 0 ? errno : EIO, "read the spool file");
        fa_digest_add(&digest, chunk, (size_t)got);
        done += (uint64_t)got;
    }
    return fa_digest_end(&digest, md5, err);
}

int
fa_s3_add_body(struct fa_s3_exchange *exchange, int fd, uint64_t offset, uint64_t size,
               struct fa_error *err)
{
    struct fa_s3_request *request = &exchange->request;

    if (digest_piece(fd, offset, size, request->md5, err) < 0)
        return -1;
    EVP_EncodeBlock((unsigned char *)request->md5_base64, request->md5, FA_S3_MD5);
    fa_s3_add_header(exchange, "Content-MD5", request->md5_base64);
    request->etag = fa_hex_text(request->md5, FA_S3_MD5, request->md5_hex);
    request->fd = fd;
    request->offset = offset;
    request->size = size;
    return 0;
}
