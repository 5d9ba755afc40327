// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <stdexcept>

namespace tests::torture {

child::child(const std::vector<std::string>& command, const environment& env,
             const std::string& file) {
    std::vector<char*> arguments;
    for (auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    id_ = ::fork();
    if (id_ < 0) throw std::runtime_error{"no process can be started"};
    if (id_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    const int none = ::open("/dev/null", O_RDONLY);
    ::dup2(none, 0), ::dup2(out, 1), ::dup2(out, 2);
    ::close_range(3, ~0U, 0);
    for (auto& [name, value] : env) ::setenv(name.c_str(), value.c_str(), 1);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

child::~child() {
    if (!runs()) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
}

void child::signal(int number) const {
    if (id_ > 0) ::kill(id_, number);
}

bool child::runs() {
    if (id_ < 0) return false;
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) == 0) return true;
    id_ = -1;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return false;
}

std::string tail(const std::string& file, std::size_t lines) {
    std::ifstream in{file};
    std::deque<std::string> last;
    for (std::string line; std::getline(in, line);) {
        last.push_back(line);
        if (last.size() > lines) last.pop_front();
    }
    std::string all;
    for (auto& l : last) all += "    " + l + '\n';
    return all;
}

}  // namespace tests::torture
