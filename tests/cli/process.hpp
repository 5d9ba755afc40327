// SPDX-License-Identifier: Apache-2.0
// A program of app.main's as a process of its own.
#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// Running: its standard input and output are ours. Killed if it takes a minute.
class process {
public:
    enum class errors { with_output, apart, on_terminal };

    explicit process(std::vector<const char*> arguments, const char* program = WEIR_APP_PROGRAM,
                     errors e = errors::with_output) {
        int in[2], out[2], err[2];
        open(in);
        open(out);
        if (e == errors::on_terminal) open_terminal(err);
        else open(err);
        arguments.insert(arguments.begin(), program);
        arguments.push_back(nullptr);
        id_ = ::fork();
        REQUIRE(id_ >= 0);
        if (id_ == 0) {
            ::alarm(60);
            ::dup2(in[0], 0), ::dup2(out[1], 1);
            ::dup2(e == errors::with_output ? out[1] : err[1], 2);
            ::execv(program, const_cast<char**>(arguments.data()));
            ::_exit(127);
        }
        ::close(in[0]), ::close(out[1]), ::close(err[1]);
        in_ = in[1];
        out_ = out[0];
        err_ = err[0];
    }
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process() {
        end_input(), end_output(), ::close(err_);
        if (id_ > 0) ::kill(id_, SIGKILL), ::waitpid(id_, nullptr, 0);
    }

    /// To its standard input. A program that has ended reads nothing.
    void write(const std::string& s) {
        const auto before = ::signal(SIGPIPE, SIG_IGN);
        const auto put = ::write(in_, s.data(), s.size());
        const bool has_ended = put < 0 && errno == EPIPE;
        ::signal(SIGPIPE, before);
        REQUIRE((has_ended || put == static_cast<::ssize_t>(s.size())));
    }
    void end_input() {
        if (in_ >= 0) ::close(std::exchange(in_, -1));
    }
    /// Nobody reads what it prints any more.
    void end_output() {
        if (out_ >= 0) ::close(std::exchange(out_, -1));
    }
    /// What it prints, up to and with this line; all of it if the line does not come.
    std::string read_to(const std::string& line) { return read(out_, line + '\n'); }
    std::string read_rest() { return read(out_, {}); }
    std::string read_errors() { return read(err_, {}); }
    std::string read_errors_to(const std::string& text) { return read(err_, text); }
    void signal(int number) const { ::kill(id_, number); }
    /// Its exit code; what ended it as a negative number, if that was a signal.
    int wait() {
        int status = 0;
        ::waitpid(id_, &status, 0);
        id_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

private:
    static void open(int (&ends)[2]) { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
    static void open_terminal(int (&ends)[2]) {
        ends[0] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        REQUIRE((ends[0] >= 0 && ::grantpt(ends[0]) == 0 && ::unlockpt(ends[0]) == 0));
        ends[1] = ::open(::ptsname(ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
        REQUIRE(ends[1] >= 0);
    }
    static std::string read(int fd, const std::string& end) {
        std::string all;
        char c;
        while ((end.empty() || !all.ends_with(end)) && ::read(fd, &c, 1) == 1) all.push_back(c);
        return all;
    }

    ::pid_t id_ = -1;
    int in_ = -1, out_ = -1, err_ = -1;
};

}  // namespace tests
