#include "record/secrets.h"
#include "base/sha256.h"
#include "record/facts.h"

#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *value_of(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* Examples of FIPS 180-4 (NIST's example values), and a million times 'a'. */
Test(sha256, published_examples)
{
    char hex[SHA256_HEX];
    struct sha256 sum;
    sha256_start(&sum);
    sha256_end(&sum, hex);
    cr_expect_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_start(&sum);
    sha256_add(&sum, "abc", 3);
    sha256_end(&sum, hex);
    cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    sha256_start(&sum);
    for (const char *c = two_blocks; *c; c++) sha256_add(&sum, c, 1);
    sha256_end(&sum, hex);
    cr_expect_str_eq(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char many[1000];
    memset(many, 'a', sizeof many);
    sha256_start(&sum);
    for (int i = 0; i < 1000; i++) sha256_add(&sum, many, sizeof many);
    sha256_end(&sum, hex);
    cr_expect_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Test(facts, environment_is_an_allow_list)
{
    char *environment[] = {"NCCL_DEBUG=INFO",
                           "FI_PROVIDER=efa",
                           "UCX_TLS=rc",
                           "OMPI_MCA_btl=tcp,self",
                           "OMP_NUM_THREADS=2",
                           "OPENBLAS_CORETYPE=Zen",
                           "BLIS_NUM_THREADS=1",
                           "CUDA_VISIBLE_DEVICES=0",
                           "SLURM_NTASKS=8",
                           "HOME=/home/someone",
                           "AWS_SECRET_ACCESS_KEY=abc",
                           "SLURM_JOB_USER=someone",
                           "MY_NCCL_DEBUG=x",
                           "nccl_debug=x",
                           "PATH=/bin",
                           "OMPI_MCA_orte_hnp_uri=1.0;tcp://10.0.0.1:99",
                           "NCCLX=1",
                           "=odd",
                           "NCCL_EMPTY=",
                           "NONSENSE",
                           NULL};
    json_t *env = allowed_environment(environment);
    cr_expect_eq(json_object_size(env), 10);
    cr_expect_str_eq(value_of(env, "NCCL_DEBUG"), "INFO");
    cr_expect_str_eq(value_of(env, "FI_PROVIDER"), "efa");
    cr_expect_str_eq(value_of(env, "OMPI_MCA_btl"), "tcp,self");
    cr_expect_str_eq(value_of(env, "SLURM_NTASKS"), "8");
    cr_expect_str_eq(value_of(env, "NCCL_EMPTY"), "");
    json_decref(env);
}

Test(facts, credentials_are_masked)
{
    char *environment[] = {"NCCL_API_KEY=hunter2",
                           "UCX_AUTH_TOKEN=hunter2",
                           "FI_SECRET=hunter2",
                           "OMPI_MCA_db_password=hunter2",
                           "CUDA_CREDENTIALS=hunter2",
                           "NCCL_Passwd=hunter2",
                           "NCCL_PROXY=http://me:hunter2@proxy:80/x",
                           "UCX_LIST=http://a/,ftp://b:hunter2@c,//d:hunter2@e@f",
                           "OMP_PLACES=cores",
                           NULL};
    json_t *env = allowed_environment(environment);
    char *dump = json_dumps(env, 0);
    cr_expect(!strstr(dump, "hunter2"), "%s", dump);
    cr_expect_str_eq(value_of(env, "NCCL_API_KEY"), "(masked)");
    cr_expect_str_eq(value_of(env, "OMPI_MCA_db_password"), "(masked)");
    cr_expect_str_eq(value_of(env, "NCCL_PROXY"), "http://(masked)@proxy:80/x");
    cr_expect_str_eq(value_of(env, "UCX_LIST"), "http://a/,ftp://(masked)@c,//(masked)@f");
    cr_expect_str_eq(value_of(env, "OMP_PLACES"), "cores");
    free(dump);
    json_decref(env);
}

static const struct {
    const char *value, *masked;
} secrets[] = {
    {"sshpass -p hunter2 ssh n1", "sshpass -p (masked) ssh n1"},
    {"plm_rsh_agent=/usr/bin/sshpass -phunter2 ssh", "plm_rsh_agent=/usr/bin/sshpass -p(masked) ssh"},
    {"sshpass -f file ssh -p 22 n1", "sshpass -f file ssh -p 22 n1"},
    {"ssh -p 22 n1", "ssh -p 22 n1"},
    {"joe:pa55@host", "(masked)@host"},
    {"host:22", "host:22"},
    {"joe@host:/home", "joe@host:/home"},
    {"https://b.s3.amazonaws.com/x?X-Amz-Credential=AK&X-Amz-Date=1&X-Amz-Signature=ab12",
     "https://b.s3.amazonaws.com/x?X-Amz-Credential=(masked)&X-Amz-Date=1&X-Amz-Signature=(masked)"},
    {"https://a.blob.core.windows.net/x?sv=1&sig=abc%3D",
     "https://a.blob.core.windows.net/x?sv=1&sig=(masked)"},
    {"Authorization: Bearer eyJhbGciOi", "Authorization: Bearer (masked)"},
    {"authorization: basic dXNlcjpwYXNz", "authorization: basic (masked)"},
    {"a basic test", "a basic test"},
    {"--token abc --size 8", "--token (masked) --size 8"},
    {"--api-key=abc,x", "--api-key=(masked),x"},
    {"HF_TOKEN=abc NCCL_IB_PKEY=7", "HF_TOKEN=(masked) NCCL_IB_PKEY=7"},
    {"password=\"a b\" x", "password=\"(masked)\" x"},
    {"password='a", "password='(masked)"},
    {"mlx5_0:1,mlx5_1:1", "mlx5_0:1,mlx5_1:1"},
    {"^=mlx5_0:1", "^=mlx5_0:1"},
    {"--passes=1 --passes 2", "--passes=1 --passes 2"},
    {"ring 2 tree", "ring 2 tree"},
    {"password: hunter2 x", "password: (masked) x"},
    {"X-Api-Key: hunter2", "X-Api-Key: (masked)"},
    {"X-Api-Key:hunter2", "X-Api-Key:(masked)"},
    {"Authorization: token hunter2", "Authorization: token (masked)"},
    {"Authorization: hunter2", "Authorization: (masked)"},
    {"curl -H 'Authorization: Basic hunter2' x", "curl -H 'Authorization: Basic (masked) x"},
    {"{\"password\":\"hunter2\",\"a\":1}", "{\"password\":\"(masked)\",\"a\":1}"},
    {"{\"password\": \"hunter 2\", \"a\": 1}", "{\"password\": \"(masked)\", \"a\": 1}"},
    {"{\"password\":\"hunter 2\"}", "{\"password\":\"(masked)\"}"},
    {"curl -u bob:hunter2 https://h", "curl -u (masked) https://h"},
    {"curl --proxy-user bob:hunter2 https://h", "curl --proxy-user (masked) https://h"},
    {"curl -ubob:hunter2 https://h", "curl -u(masked) https://h"},
    {"curl -u bob https://h", "curl -u bob https://h"},
    {"/usr/bin/mysql -phunter2 db", "/usr/bin/mysql -p(masked) db"},
    {"mysql -p db; ssh -p22 h", "mysql -p db; ssh -p22 h"},
    {"mysql -h h -phunter2", "mysql -h h -p(masked)"},
    {"python -u a:b", "python -u a:b"},
    {"https://auth.example.com:443/x", "https://auth.example.com:443/x"},
    {"keystone:5000", "keystone:5000"},
    {"key: ", "key: "},
    {"time: 5 s", "time: 5 s"},
    {"", ""},
};

Test(facts, secrets_in_values)
{
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct text out = {0};
        mask_secrets(&out, secrets[i].value);
        cr_expect_str_eq(text_get(&out), secrets[i].masked);
        struct text again = {0};
        mask_secrets(&again, text_get(&out));
        cr_expect_str_eq(text_get(&again), secrets[i].masked, "masking twice changes nothing");
        text_free(&again);
        text_free(&out);
    }
    cr_expect(!is_credential_name("NCCL_IB_PKEY") && is_credential_name("AWS_ACCESS_KEY_ID"));
    cr_expect(!is_credential_name("--passes") && !is_credential_name("X_BYPASS"));
    cr_expect(is_credential_name("DB_PASS") && is_credential_name("sshpass") &&
              is_credential_name("PASSWD") && is_credential_name("--passphrase"));
    cr_expect(!is_credential_name("NCCL_ALGO") && is_credential_name("NCCL_TOKEN"));
}

Test(facts, environment_that_is_not_utf8)
{
    char *environment[] = {"NCCL_X=\xff\xfe", "NCCL_\xff=1", NULL};
    json_t *env = allowed_environment(environment);
    cr_expect_str_eq(value_of(env, "NCCL_X"), "??");
    cr_expect_str_eq(value_of(env, "NCCL_?"), "1");
    json_decref(env);
}

Test(facts, allocation_from_schedulers)
{
    char *slurm[] = {"A=b", "SLURM_JOB_ID=77", NULL}, *pbs[] = {"PBS_JOBID=12.server", NULL},
         *empty[] = {"SLURM_JOB_ID=", NULL};
    char *own[] = {"SLURM_JOB_ID=77", "BUSBAR_ALLOCATION=rack-3", NULL};
    cr_expect_str_eq(allocation_id(slurm), "77");
    cr_expect_str_eq(allocation_id(pbs), "12.server");
    cr_expect_str_eq(allocation_id(own), "rack-3");
    cr_expect_null(allocation_id(empty));
}

/* The expected digits: printf 'a\0b\0' | sha256sum. */
Test(facts, hosts_hash_is_of_the_set)
{
    struct arena arena = {0};
    struct world_host ab[] = {{.name = "a"}, {.name = "b"}},
                      bab[] = {{.name = "b"}, {.name = "a"}, {.name = "b"}};
    struct world_host glued[] = {{.name = "ab"}};
    cr_expect_str_eq(hosts_hash(&arena, ab, 2), "8fb20ef63ced4145");
    cr_expect_str_eq(hosts_hash(&arena, bab, 3), hosts_hash(&arena, ab, 2));
    cr_expect_str_neq(hosts_hash(&arena, glued, 1), hosts_hash(&arena, ab, 2));
    arena_free(&arena);
}

static void put_file(const char *root, const char *path, const char *content)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    cr_assert(file);
    fputs(content, file);
    fclose(file);
}

Test(facts, a_recorded_machine)
{
    char root[] = "/tmp/busbar-facts-XXXXXX", command[64];
    cr_assert(mkdtemp(root));
    put_file(root, "/proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n");
    put_file(root, "/proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\n");
    put_file(root, "/sys/class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE\n");
    put_file(root, "/sys/class/infiniband/mlx5_0/ports/1/rate", "400 Gb/sec (4X NDR)\n");
    put_file(root, "/sys/class/infiniband/mlx5_0/device/numa_node", "-1\n");
    put_file(root, "/sys/class/net/lo/speed", "10\n");
    put_file(root, "/sys/class/net/eth0/speed", "-1\n");
    put_file(root, "/sys/class/net/eth1/speed", "25000\n");
    json_t *facts = json_object();
    host_facts(facts, root);
    cr_expect_str_eq(value_of(facts, "cpu"), "Arm implementer 0x41 part 0xd4f");
    cr_expect_eq(json_integer_value(json_object_get(facts, "memory_bytes")), 1024000);
    cr_expect_null(json_object_get(facts, "governor"));
    json_t *nics = json_object_get(facts, "nics");
    cr_assert_eq(json_array_size(nics), 3);
    cr_expect_str_eq(value_of(json_array_get(nics, 0), "name"), "mlx5_0");
    cr_expect_str_eq(value_of(json_array_get(nics, 0), "state"), "ACTIVE");
    cr_expect_eq(json_real_value(json_object_get(json_array_get(nics, 0), "rate_gbit")), 400);
    cr_expect_null(json_object_get(json_array_get(nics, 0), "numa_node"));
    cr_expect_null(json_object_get(json_array_get(nics, 1), "rate_gbit"));
    cr_expect_eq(json_real_value(json_object_get(json_array_get(nics, 2), "rate_gbit")), 25);
    json_decref(facts);
    snprintf(command, sizeof command, "rm -r %s", root);
    cr_expect_eq(system(command), 0);
}

Test(facts, header)
{
    struct arena arena = {0};
    struct world_host hosts[] = {{.name = "a", .ranks = 2, .gpus = ABSENT},
                                 {.name = "b", .ranks = 1, .gpus = ABSENT}};
    char *argv[] = {"all_reduce", "--label", "\xff"};
    struct launch_description known = {.run = "r",
                                       .launch = "l",
                                       .driver = "all_reduce",
                                       .backend = "mpi",
                                       .argc = 3,
                                       .argv = argv,
                                       .label = "mine",
                                       .nodes = 2,
                                       .ranks = 3,
                                       .domains = ABSENT,
                                       .hosts = hosts,
                                       .mpi_library = "Open MPI v4.1.4, package: x\nmore"};
    struct launch_header header;
    launch_header_fill(&header, &arena, &known);
    cr_expect(launch_has_provenance(&header, PROVENANCE_MEASURED));
    cr_expect_eq(header.ranks_per_node, ABSENT);
    cr_expect_eq(strlen(header.started), 20);
    cr_expect_eq(header.started[19], 'Z');
    cr_expect_null(header.allocation_id);
    cr_expect_str_eq(value_of(header.facts, "mpi"), "Open MPI v4.1.4, package: x");
    cr_expect_null(json_object_get(header.facts, "hosts_renamed"));
    struct text line = {0};
    launch_line(&header, &line);
    json_t *back = json_loads(text_get(&line), 0, NULL);
    cr_expect_not_null(back);
    json_decref(back);
    text_free(&line);
    launch_header_release(&header);
    arena_free(&arena);
}
