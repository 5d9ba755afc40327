// SPDX-License-Identifier: Apache-2.0
// What a test starts as a process: it is set up wrongly, before app.main is called.
#include <stdexcept>
#include <string>

#include <weir/weir.hpp>

int main(int argc, char** argv) try {
    const std::string fault = argc > 1 ? argv[1] : "";
    weir::app app{fault == "id" ? "" : "faulty"};
    if (fault == "topic") app.topic("no topic's name");
    if (fault == "other") throw std::runtime_error{"no such file: orders.conf"};
    auto numbers = app.topic<int>("numbers");
    app.agent("double", numbers | weir::take(fault == "take" ? 0 : 5) | weir::to("batches"));
    if (fault == "agent") app.agent("double", numbers | weir::to("copies"));
    return app.main(1, argv);
} catch (const std::exception& e) { return weir::report_error(argv, e); }
