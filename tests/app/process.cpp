// SPDX-License-Identifier: Apache-2.0
// A program of app.main's as a process of its own: pipes and signals. It is waited for by what it
// prints, never by time.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace {

/// programs/stops.cpp, running: its standard input and output are ours. Killed if it takes a
/// minute.
class process {
public:
    explicit process(std::vector<const char*> arguments) {
        int in[2], out[2];
        REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
        REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
        arguments.insert(arguments.begin(), WEIR_APP_PROGRAM);
        arguments.push_back(nullptr);
        id_ = ::fork();
        REQUIRE(id_ >= 0);
        if (id_ == 0) {
            ::alarm(60);
            ::dup2(in[0], 0), ::dup2(out[1], 1), ::dup2(out[1], 2);
            ::execv(WEIR_APP_PROGRAM, const_cast<char**>(arguments.data()));
            ::_exit(127);
        }
        ::close(in[0]), ::close(out[1]);
        in_ = in[1], out_ = out[0];
    }
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process() {
        end_input(), ::close(out_);
        if (id_ > 0) ::kill(id_, SIGKILL), ::waitpid(id_, nullptr, 0);
    }

    void write(const std::string& s) {
        REQUIRE(::write(in_, s.data(), s.size()) == static_cast<::ssize_t>(s.size()));
    }
    void end_input() {
        if (in_ >= 0) ::close(in_);
        in_ = -1;
    }
    /// What it prints, up to and with this line; all of it if the line does not come.
    std::string read_to(const std::string& line) {
        std::string all;
        char c;
        while (!all.ends_with(line + '\n') && ::read(out_, &c, 1) == 1) all.push_back(c);
        return all;
    }
    std::string read_rest() { return read_to("this is printed by none"); }
    void signal(int number) const { ::kill(id_, number); }
    /// Its exit code; what ended it as a negative number, if that was a signal.
    int wait() {
        int status = 0;
        ::waitpid(id_, &status, 0);
        id_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

private:
    ::pid_t id_ = -1;
    int in_ = -1, out_ = -1;
};

}  // namespace

TEST_CASE("--input t=- reads standard input, line by line, as they come") {
    process p{{"--input", "t=-"}};
    p.write("one\n");
    CHECK(p.read_to("one") == "one\n");
    p.write("tw");
    p.write("o\nthree");
    CHECK(p.read_to("two") == "two\n");
    p.end_input();  // so the last line needs no end
    CHECK(p.read_to("batch of 3") == "three\nbatch of 3\n");
    p.signal(SIGTERM);
    CHECK(p.read_rest() == "committed t[0] 3\n");
    CHECK(p.wait() == 0);
}

TEST_CASE("SIGTERM and SIGINT stop cleanly: what is buffered is delivered, all is committed") {
    for (const int number : {SIGTERM, SIGINT}) {
        CAPTURE(number);
        process p{{"run", "--input", "t=-"}};
        p.write("one\ntwo\n");
        CHECK(p.read_to("two") == "one\ntwo\n");
        p.signal(number);
        CHECK(p.read_rest() == "batch of 2\ncommitted t[0] 2\n");
        CHECK(p.wait() == 0);
    }
}

TEST_CASE("--until-idle ends a program whose input has ended") {
    process p{{"--until-idle", "1ms", "--input", "t=-"}};
    p.write("one\n");
    p.end_input();
    CHECK(p.read_rest() == "one\nbatch of 1\ncommitted t[0] 1\n");
    CHECK(p.wait() == 0);
}

TEST_CASE("what a program of app.main's says goes to standard error, its exit code to the shell") {
    process help{{"--help"}};
    CHECK(help.read_rest().find("Exit codes: 0 stopped as asked") != std::string::npos);
    CHECK(help.wait() == 0);
    process wrong{{"--nothing-like-it"}};
    CHECK(wrong.read_rest().find("see stops --help\n") != std::string::npos);
    CHECK(wrong.wait() == 2);
}
