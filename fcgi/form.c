#include "fcgi/form.h"
#include "fcgi/filename.h"
#include "lib/base/digest.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_CODE_POINTS = 225 };

static int
begin_file(struct fa_form_reader *reader, const struct fa_multipart_part *part,
           struct fa_error *err)
{
    struct fa_form *form = reader->form;
    const char *name;
    size_t length;

    if (form->values[reader->current].given)
        return fa_error_field(err, "file", "must come only once");
    form->values[reader->current].given = true;
    if (part->filename == NULL)
        return fa_error_field(err, "file", "must be a file, not a text field");
    if (fa_filename_check(part->filename, part->filename_length, NAME_CODE_POINTS, &name, &length,
                          err) < 0)
        return -1;
    form->file_name = fa_arena_strndup(reader->arena, name, length);
    if (form->file_name == NULL)
        return fa_error_set(err, FA_E_MEMORY, "file name");
    form->file = fa_store_spool(reader->ctx->store, err);
    if (form->file < 0)
        return -1;
    reader->digest = fa_digest_new(EVP_sha256());
    return 0;
}

static int
begin(void *closure, const struct fa_multipart_part *part, struct fa_error *err)
{
    struct fa_form_reader *reader = closure;

    reader->current = fa_field_find(reader->fields, part->name);
    reader->value_length = 0;
    if (reader->current >= 0 && reader->fields[reader->current].type == FA_FIELD_FILE)
        return begin_file(reader, part, err);
    return 0;
}

static int
write_file(struct fa_form_reader *reader, const char *bytes, size_t length, struct fa_error *err)
{
    struct fa_object *object = &reader->form->object;

    if (length > (uint64_t)reader->ctx->options->max_upload - object->size)
        return fa_error_set(err, FA_E_TOO_LARGE, "file is longer than FILEAPI_MAX_UPLOAD");
    fa_digest_add(&reader->digest, bytes, length);
    object->size += length;
    while (length > 0) {
        ssize_t written = write(reader->form->file, bytes, length);

        if (written < 0 && errno != EINTR)
            return fa_error_errno(err, FA_E_STORE, errno, "write the spool file");
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

static int
data(void *closure, const char *bytes, size_t length, struct fa_error *err)
{
    struct fa_form_reader *reader = closure;
    const struct fa_field *field;

    if (reader->current < 0)
        return 0;
    field = &reader->fields[reader->current];
    if (field->type == FA_FIELD_FILE)
        return write_file(reader, bytes, length, err);
    if (length > sizeof reader->value - reader->value_length)
        return fa_error_field(err, field->name, "is longer than %d bytes", FA_FIELD_VALUE);
    memcpy(reader->value + reader->value_length, bytes, length);
    reader->value_length += length;
    return 0;
}

static int
end(void *closure, struct fa_error *err)
{
    struct fa_form_reader *reader = closure;

    if (reader->current < 0 || reader->fields[reader->current].type == FA_FIELD_FILE)
        return 0;
    return fa_field_take(&reader->fields[reader->current], reader->value, reader->value_length,
                         reader->arena, &reader->form->values[reader->current], err);
}

int
fa_form_open(struct fa_form_reader *reader, const char *content_type, struct fa_error *err)
{
    static const struct fa_multipart_sink sink = {.begin = begin, .data = data, .end = end};

    reader->current = -1;
    reader->multipart = fa_arena_alloc(reader->arena, sizeof *reader->multipart);
    if (reader->multipart == NULL)
        return fa_error_set(err, FA_E_MEMORY, "form");
    return fa_multipart_init(reader->multipart, content_type, &sink, reader, err);
}

int
fa_form_feed(struct fa_form_reader *reader, const char *bytes, size_t length, struct fa_error *err)
{
    return fa_multipart_feed(reader->multipart, bytes, length, err);
}

int
fa_form_finish(struct fa_form_reader *reader, struct fa_error *err)
{
    if (fa_multipart_finish(reader->multipart, err) < 0)
        return -1;
    if (reader->form->file < 0)
        return 0;
    return fa_digest_end(&reader->digest, reader->form->object.sha256, err);
}

void
fa_form_close(struct fa_form_reader *reader)
{
    fa_digest_free(&reader->digest);
}
