// SPDX-License-Identifier: Apache-2.0
// Runs a program's test cases in a process of their own, each with a time limit. When one hangs or
// crashes, it has failed, and another process runs those behind it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

/// What is known of the run so far. In memory that both processes share.
struct progress {
    unsigned started, ended, failed;  // cases
    unsigned filtered_in, all;        // known when a process comes to its end
    char name[500];                   // of the case that runs
    char where[500];
    bool running() const { return ended < started; }
};
progress* seen = nullptr;

/// How many seconds a case may take. 0: no limit and no second process, as a debugger likes it.
unsigned limit() {
    const char* given = std::getenv("WEIR_TEST_LIMIT");
    return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 120;
}

/// Writes down which case runs, and sets its time limit: the process dies of SIGALRM.
struct observer final : doctest::IReporter {
    explicit observer(const doctest::ContextOptions&) {}
    void test_case_start(const doctest::TestCaseData& of) override {
        if (!seen) return;
        std::snprintf(seen->name, sizeof seen->name, "%s", of.m_name);
        std::snprintf(seen->where, sizeof seen->where, "%s:%u", of.m_file.c_str(), of.m_line);
        ++seen->started;
        alarm(limit());
    }
    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        if (!seen) return;
        alarm(0);
        ++seen->ended;
        seen->failed += stats.failure_flags != 0;
    }
    void test_run_end(const doctest::TestRunStats& stats) override {
        if (!seen) return;
        seen->filtered_in = stats.numTestCasesPassingFilters;
        seen->all = stats.numTestCases;
    }
    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
};
DOCTEST_REGISTER_LISTENER("observer", 1, observer);

/// Runs the cases from the `first` on, in a process of their own with all that they start. How it
/// ended, as waitpid tells it.
int run_from(unsigned first, int argc, char** argv) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0);
        doctest::Context context{argc, argv};
        if (first > 1) context.setOption("first", static_cast<int>(first));
        std::exit(context.run());
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        std::perror("the tests cannot be run");
        std::exit(EXIT_FAILURE);
    }
    kill(-child, SIGKILL);  // what a case left behind
    return status;
}

bool came_to_its_end(int status) { return WIFEXITED(status) && !seen->running(); }

/// Counts the case that did not end as failed, and says which it was.
void count_as_failed(int status) {
    const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    if (seen->running()) ++seen->failed;
    seen->ended = seen->started;
    std::printf("%s: ERROR: test case %s: %s\n", seen->where,
                hung ? "HUNG beyond its time limit" : "ended the process", seen->name);
}

/// As doctest sums up, of all processes together.
void sum_up() {
    std::printf("[doctest] test cases: %u | %u passed | %u failed | %u skipped\n",
                seen->filtered_in, seen->filtered_in - seen->failed, seen->failed,
                seen->all - seen->filtered_in);
}

}  // namespace

int main(int argc, char** argv) {
    if (limit() == 0) return doctest::Context{argc, argv}.run();
    seen = static_cast<progress*>(
        mmap(nullptr, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (seen == MAP_FAILED) return EXIT_FAILURE;
    for (;;) {
        const unsigned before = seen->started;
        const int status = run_from(before + 1, argc, argv);
        if (came_to_its_end(status)) {
            if (before > 0) sum_up();
            return seen->failed > 0 ? EXIT_FAILURE : WEXITSTATUS(status);
        }
        if (seen->started == before) return EXIT_FAILURE;  // it died outside of any case
        count_as_failed(status);
    }
}
