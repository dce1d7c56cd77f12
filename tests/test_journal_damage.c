/* A journal that is torn or damaged: what is whole comes back, the rest is dropped, and a damaged beginning is refused. */
#include "sim/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/journal_support.h"

static void a_tail_torn_at_any_byte_is_dropped(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plain_three(&size);
    for (size_t cut = size - PLAIN_RECORD; cut <= size; cut++) {
        folder_write_new("run.partial", bytes, cut);
        struct journal *j = plain_resume("run.partial");
        plain_assert_holds(j, cut == size ? 7 : 3);
        assert_int_equal(folder_size("run.partial"), cut == size ? size : size - PLAIN_RECORD);
        plain_append(j, 6);
        plain_assert_holds(j, cut == size ? 0x47 : 0x43);
        journal_close(j);
        j = plain_resume("run.partial");
        plain_assert_holds(j, cut == size ? 0x47 : 0x43);
        journal_close(j);
    }
    free(bytes);
}

static void a_tail_of_zeros_or_noise_is_dropped(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plain_three(&size), *longer = malloc(size + 3 * PLAIN_RECORD);
    assert_non_null(longer);
    for (size_t extra = 1; extra < 3 * PLAIN_RECORD; extra++) {
        memcpy(longer, bytes, size);
        for (size_t i = 0; i < extra; i++) longer[size + i] = (char)(extra % 2 ? 0 : i * 37 + extra);
        folder_write_new("run.partial", longer, size + extra);
        struct journal *j = plain_resume("run.partial");
        plain_assert_holds(j, 7);
        assert_int_equal(folder_size("run.partial"), size);
        journal_close(j);
    }
    free(longer);
    free(bytes);
}

/* A whole record, its checksum right, of a replicate that the run does not have. */
static void a_record_of_no_replicate_is_dropped(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plain_three(&size), *record = bytes + size - PLAIN_RECORD;
    const uint32_t none = PLAIN_REPLICATES;
    uint32_t crc = 0;
    memcpy(&crc, bytes + (size_t)journal_size(&plain_identity, 0) - sizeof crc, sizeof crc); /* the header's */
    crc = (uint32_t)crc32_z(crc, (const void *)&none, sizeof none);
    crc = (uint32_t)crc32_z(crc, (const void *)(record + 2 * sizeof crc), PLAIN_VALUES * sizeof(double));
    memcpy(record, &none, sizeof none);
    memcpy(record + sizeof none, &crc, sizeof crc);
    folder_write_new("run.partial", bytes, size);
    struct journal *j = plain_resume("run.partial");
    plain_assert_holds(j, 3);
    journal_close(j);
    free(bytes);
}

/* A disk may bring back what lay there before: records of another run, of the same size, their checksums right. */
static void records_of_another_run_are_dropped(void **state)
{
    (void)state;
    struct journal_identity another = plain_identity;
    another.seed++;
    struct error e = {0};
    struct journal *j = NULL;
    assert_int_equal(journal_create(&j, "another.partial", &another, &e), 0);
    for (uint32_t r = 0; r < 4; r++) plain_append(j, r);
    journal_close(j);
    size_t size = 0, another_size = 0;
    char *bytes = plain_three(&size), *foreign = folder_read_bytes("another.partial", &another_size);
    memcpy(foreign, bytes, size - PLAIN_RECORD); /* our header, and our replicates 0 and 1 */
    folder_write_new("run.partial", foreign, another_size);
    j = plain_resume("run.partial");
    plain_assert_holds(j, 3);
    assert_int_equal(folder_size("run.partial"), size - PLAIN_RECORD);
    journal_close(j);
    free(foreign);
    free(bytes);
}

static void a_flipped_bit_costs_one_replicate(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plain_three(&size);
    for (size_t at = size - 3 * PLAIN_RECORD; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            const unsigned lost = 1u << (at - (size - 3 * PLAIN_RECORD)) / PLAIN_RECORD;
            bytes[at] ^= (char)(1 << bit);
            folder_write_new("run.partial", bytes, size);
            bytes[at] ^= (char)(1 << bit);
            struct journal *j = plain_resume("run.partial");
            plain_assert_holds(j, 7 & ~lost);
            for (uint32_t r = 0; r < 3; r++) {
                if (lost == 1u << r) plain_append(j, r);
            }
            plain_assert_holds(j, 7);
            journal_close(j);
            j = plain_resume("run.partial");
            plain_assert_holds(j, 7);
            journal_close(j);
        }
    }
    free(bytes);
}

/* What happens to the file while it is open is seen before results are made of it. */
static void damage_behind_our_back_is_noticed(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plain_three(&size);
    folder_write_new("run.partial", bytes, size);
    struct journal *j = plain_resume("run.partial");
    struct error e = {0};
    assert_int_equal(journal_verify(j, &e), 0);
    for (size_t at = size - 3 * PLAIN_RECORD; at < size; at++) {
        char text[100];
        snprintf(text, sizeof text, "run.partial: the record of replicate %zu has been damaged",
                 (at - (size - 3 * PLAIN_RECORD)) / PLAIN_RECORD);
        bytes[at] ^= 1;
        folder_write_bytes("run.partial", bytes, size); /* into the same file */
        bytes[at] ^= 1;
        e = (struct error){0};
        assert_int_equal(journal_verify(j, &e), -1);
        assert_string_equal(e.text, text);
    }
    folder_write_bytes("run.partial", bytes, size - 1);
    e = (struct error){0};
    assert_int_equal(journal_verify(j, &e), -1);
    assert_string_equal(e.text, "run.partial: cannot be read: it has become shorter");
    journal_close(j);
    free(bytes);
}

static void a_damaged_header_is_refused(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plain_three(&size);
    const size_t header = (size_t)journal_size(&plain_identity, 0);
    for (size_t at = 0; at < header; at++) {
        struct journal *j = NULL;
        struct error e = {0};
        bytes[at] ^= (char)(1 << at % 8);
        folder_write_new("run.partial", bytes, size);
        support_journal_refused(journal_resume(&j, "run.partial", &plain_identity, &e), j, &e,
                                "run.partial: not the journal of a run, or its beginning is damaged; --force starts afresh");
        assert_int_equal(folder_size("run.partial"), size); /* it is left as it was */
        if (at + 1 < header) {
            folder_write_new("run.partial", bytes, at + 1);
            e = (struct error){0};
            support_journal_refused(journal_resume(&j, "run.partial", &plain_identity, &e), j, &e,
                                    "run.partial: too short for the journal of a run; --force starts afresh");
            assert_int_equal(folder_size("run.partial"), at + 1);
        }
        bytes[at] ^= (char)(1 << at % 8);
    }
    free(bytes);
}

/* Of a run that was killed before its first replicate was finished. */
static void a_journal_that_ends_in_its_header_is_gone_on_with(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plain_three(&size);
    const size_t header = (size_t)journal_size(&plain_identity, 0);
    for (size_t cut = 0; cut <= header; cut++) {
        folder_write_new("run.partial", bytes, cut);
        struct journal *j = plain_resume("run.partial");
        plain_assert_holds(j, 0);
        assert_int_equal(folder_size("run.partial"), header);
        plain_append(j, 2);
        journal_close(j);
        j = plain_resume("run.partial");
        plain_assert_holds(j, 4);
        journal_close(j);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_tail_torn_at_any_byte_is_dropped),
        IN_FOLDER(a_tail_of_zeros_or_noise_is_dropped),
        IN_FOLDER(a_record_of_no_replicate_is_dropped),
        IN_FOLDER(records_of_another_run_are_dropped),
        IN_FOLDER(a_flipped_bit_costs_one_replicate),
        IN_FOLDER(damage_behind_our_back_is_noticed),
        IN_FOLDER(a_damaged_header_is_refused),
        IN_FOLDER(a_journal_that_ends_in_its_header_is_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
