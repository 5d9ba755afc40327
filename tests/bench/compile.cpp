// SPDX-License-Identifier: Apache-2.0
// What the library costs to compile: the compiler's own time (user and system) for a small file,
// -O0.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pairs.hpp"

#ifndef WEIR_SOURCE_ROOT
#define WEIR_SOURCE_ROOT "."
#endif

namespace {

using namespace std::chrono_literals;
using weir::bench::nanoseconds;
namespace fs = std::filesystem;

struct folder {
    folder() {
        auto name = (fs::temp_directory_path() / "weir-bench-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no folder " + name);
        path = name;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path path;
};

/// $CXX, or g++; without a cache before it, which would be measured instead.
std::vector<std::string> compiler() {
    const char* set = std::getenv("CXX");
    std::istringstream words{set && *set ? set : "g++"};
    std::vector<std::string> command;
    for (std::string word; words >> word;)
        if (!command.empty() || !fs::path{word}.filename().string().ends_with("ccache"))
            command.push_back(word);
    return command;
}

std::string first_error(const fs::path& log) {
    std::ifstream in{log};
    for (std::string line; std::getline(in, line);)
        if (line.find("error") != std::string::npos) return line;
    return "the compiler failed";
}

/// Runs it to its end; the time it and its own children took.
nanoseconds time_of(const std::vector<std::string>& command, const fs::path& log) {
    std::vector<char*> words;
    for (auto& w : command) words.push_back(const_cast<char*>(w.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t redirect;
    posix_spawn_file_actions_init(&redirect);
    posix_spawn_file_actions_addopen(&redirect, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, words[0], &redirect, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&redirect);
    if (failed) throw std::runtime_error("cannot run " + command[0]);
    int status = 0;
    rusage used{};
    if (wait4(child, &status, 0, &used) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(first_error(log));
    const auto of = [](const timeval& t) {
        return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

auto compiling(std::string source) {
    return [=](weir::bench::pass& pass) {
        const folder in;
        const auto file = in.path / "file.cpp";
        std::ofstream{file} << source;
        auto command = compiler();
        for (std::string word : {"-std=c++20", "-O0", "-I" WEIR_SOURCE_ROOT "/include", "-c"})
            command.push_back(word);
        command.insert(command.end(), {file.string(), "-o", (in.path / "file.o").string()});
        pass.took(time_of(command, in.path / "log"));
    };
}

constexpr auto umbrella = "#include <weir/weir.hpp>\n";
constexpr auto one_agent = R"(#include <weir/weir.hpp>
#include <string>
struct order { std::string account_id, product_id; double amount, price; };
int main(int argc, char** argv) {
    using namespace std::chrono_literals;
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders");
    double sum = 0;
    app.agent("totals", orders
        | weir::group_by(&order::account_id)
        | weir::take(100, 10s)
        | weir::for_each([&](const auto& batch) { for (auto& o : batch) sum += o.price; }));
    return app.main(argc, argv);
}
)";

const weir::bench::single rows[] = {
    {"compile: the umbrella header alone, -O0",
     {.a = compiling(umbrella), .wanted = {.at_most = 900ms}, .runs = 5, .one_pass = true}},
    {"compile: a program with one agent, -O0",
     {.a = compiling(one_agent), .wanted = {.at_most = 2s}, .runs = 5, .one_pass = true}},
};

}  // namespace
