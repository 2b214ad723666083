/* Hyperscan on the inputs of benches/scan.sh: all patterns in one database, each segment scanned alone, one thread.
 *
 *   scan RULES.tsv TEXT.bin PASSES [OUT]    OUT gets a line "mail name" for each hit, in the order of mails
 *
 * Prints MB/s of CPU time of each pass, and of the compilation its seconds. */
#include <hs/hs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *slurp(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(1); }
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(*length + 1);
    if (fread(data, 1, *length, file) != *length) { perror(path); exit(1); }
    data[*length] = 0;
    fclose(file);
    return data;
}

struct seen { unsigned char *marks; unsigned hits; };

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    struct seen *seen = context;
    (void)from; (void)to; (void)flags;
    if (!seen->marks[id]) { seen->marks[id] = 1; seen->hits++; }
    return 0;
}

int main(int count, char **words) {
    if (count < 4) { fprintf(stderr, "usage: scan RULES.tsv TEXT.bin PASSES [OUT]\n"); return 2; }
    size_t length, rules_max = 100000, rules = 0;
    char *table = slurp(words[1], &length);
    char **names = calloc(rules_max, sizeof *names);
    const char **patterns = calloc(rules_max, sizeof *patterns);
    unsigned *flags = calloc(rules_max, sizeof *flags), *ids = calloc(rules_max, sizeof *ids);
    for (char *line = strtok(table, "\n"); line && rules < rules_max; line = strtok(NULL, "\n")) {
        char *name = strchr(line, '\t'), *regex = name ? strchr(name + 1, '\t') : NULL, *letters = regex ? strrchr(regex + 1, '\t') : NULL;
        if (!letters) continue;
        *name = *regex = *letters = 0;
        names[rules] = name + 1;
        patterns[rules] = regex + 1;
        flags[rules] = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
        if (strchr(letters + 1, 'i')) flags[rules] |= HS_FLAG_CASELESS;
        if (strchr(letters + 1, 'm')) flags[rules] |= HS_FLAG_MULTILINE;
        if (strchr(letters + 1, 's')) flags[rules] |= HS_FLAG_DOTALL;
        ids[rules] = (unsigned)rules;
        rules++;
    }
    if (!strcmp(words[3], "which")) { /* The rules that it takes, as they are. */
        for (size_t i = 0; i < rules; i++) {
            hs_database_t *one; hs_compile_error_t *wrong;
            if (hs_compile(patterns[i], flags[i], HS_MODE_BLOCK, NULL, &one, &wrong) == HS_SUCCESS) { puts(names[i]); hs_free_database(one); }
            else hs_free_compile_error(wrong);
        }
        return 0;
    }
    double start = cpu();
    hs_database_t *database; hs_compile_error_t *wrong; hs_scratch_t *scratch = NULL;
    if (hs_compile_multi(patterns, flags, ids, (unsigned)rules, HS_MODE_BLOCK, NULL, &database, &wrong) != HS_SUCCESS) {
        fprintf(stderr, "%s: %s\n", names[wrong->expression], wrong->message);
        return 1;
    }
    hs_alloc_scratch(database, &scratch);
    size_t bytes;
    hs_database_size(database, &bytes);
    printf("hyperscan: %zu patterns, compiled in %.2f s, %.1f MB\n", rules, cpu() - start, (double)bytes / 1e6);
    char *text = slurp(words[2], &length);
    FILE *out = count > 4 ? fopen(words[4], "w") : NULL;
    struct seen seen = { calloc(rules, 1), 0 };
    for (int pass = 0; pass < atoi(words[3]); pass++) {
        size_t at = 0, octets = 0, hits = 0, mails = 0;
        double begun = cpu();
        while (at < length) {
            uint32_t segments, size;
            memcpy(&segments, text + at, 4);
            at += 4;
            memset(seen.marks, 0, rules);
            seen.hits = 0;
            while (segments--) {
                memcpy(&size, text + at, 4);
                at += 4;
                hs_scan(database, text + at, size, 0, scratch, on_match, &seen);
                at += size;
                octets += size;
            }
            hits += seen.hits;
            if (out && !pass) for (size_t i = 0; i < rules; i++) if (seen.marks[i]) fprintf(out, "%zu %s\n", mails, names[i]);
            mails++;
        }
        double took = cpu() - begun;
        printf("hyperscan: pass %d %.2f MB/s, %.1f us a mail, %zu hits\n", pass, (double)octets / took / 1e6, took * 1e6 / (double)mails, hits);
    }
    if (out) fclose(out);
    return 0;
}
