// SPDX-License-Identifier: Apache-2.0
// An app inside a loop of one's own: poll(2) waits for the app's descriptor and for others.
//
// Prints:
//   from the pipe: go
//   alice
//   bob
//   carol
//   the app has stopped
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    int pipe_ends[2];
    if (::pipe(pipe_ends) != 0) return 1;

    weir::app app{"in-poll", {.broker = argc > 1 ? argv[1] : "memory://"}};
    auto names = app.topic<std::string>("names");
    int seen = 0;
    app.agent("print", names | weir::for_each([&](const std::string& name) {
                           fmt::print("{}\n", name);
                           if (++seen == 3) app.stop();
                       }));
    if (::write(pipe_ends[1], "go", 2) != 2) return 1;

    // [loop]
    bool running = app.poll(0s);  // starts it
    while (running) {
        pollfd fds[] = {{app.poll_fd(), POLLIN, 0}, {pipe_ends[0], POLLIN, 0}};
        ::poll(fds, 2, -1);
        if (fds[0].revents) running = app.poll(0s);  // what there is to do now, 20 ms at the most
        if (fds[1].revents) {
            char text[16];
            const auto n = ::read(pipe_ends[0], text, sizeof text);
            fmt::print("from the pipe: {}\n", std::string(text, static_cast<std::size_t>(n)));
            app.agent("feed", weir::from(std::vector<std::string>{"alice", "bob", "carol"}) |
                                  weir::to(names));
        }
    }
    // [/loop]
    fmt::print("the app has stopped\n");
    ::close(pipe_ends[0]), ::close(pipe_ends[1]);
}
