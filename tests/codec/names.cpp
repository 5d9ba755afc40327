// SPDX-License-Identifier: Apache-2.0
// Names of types and of fields, the same from every compiler.
#include <weir/codec/json.hpp>

#include <map>
#include <memory>

#include <doctest/doctest.h>

namespace shop {
struct order {
    std::string account_id, product_id;
    double amount = 0, price = 0;
};
namespace {
struct hidden {
    int visible_id = 0;
};
}  // namespace
template <class T>
struct box {
    T inside;
};
}  // namespace shop
namespace {
struct flight {
    std::string origin;
    long delay = 0;
};
struct wild {
    std::map<int, int> map;
    std::unique_ptr<int> pointer;
    const int constant = 0;
    std::string name;
};
template <class T>
std::string name_of_local_in_template() {
    struct local {
        T t;
    };
    return weir::detail::type_name<local>();
}
}  // namespace

using weir::detail::field_name, weir::detail::type_name;

TEST_CASE("type names are those one would write") {
    CHECK(type_name<int>() == "int");
    CHECK(type_name<long>() == "long");
    CHECK(type_name<unsigned long>() == "unsigned long");
    CHECK(type_name<unsigned long long>() == "unsigned long long");
    CHECK(type_name<short>() == "short");
    CHECK(type_name<unsigned short>() == "unsigned short");
    CHECK(type_name<weir::bytes>() == "weir::bytes");
    CHECK(type_name<std::string>() == "std::string");
    CHECK(type_name<std::string_view>() == "std::string_view");
    CHECK(type_name<std::optional<std::string>>() == "std::optional<std::string>");
    CHECK(type_name<std::vector<std::vector<std::string>>>() ==
          "std::vector<std::vector<std::string>>");
    CHECK(type_name<std::map<std::string, long>>().substr(0, 27) == "std::map<std::string, long>");
}

TEST_CASE("a type's namespace is kept, what has no name or is a function is left out") {
    struct local {
        int i;
    };
    CHECK(type_name<shop::order>() == "shop::order");
    CHECK(type_name<flight>() == "flight");
    CHECK(type_name<shop::hidden>() == "shop::hidden");
    CHECK(type_name<std::vector<flight>>() == "std::vector<flight>");
    CHECK(type_name<shop::box<flight>>() == "shop::box<flight>");
    CHECK(type_name<local>() == "local");
    CHECK(type_name<std::optional<local>>() == "std::optional<local>");
    CHECK(name_of_local_in_template<std::string>() == "local");
    const auto in_lambda = [](int) {
        struct inner {
            int i;
        };
        return type_name<shop::box<inner>>();
    };
    CHECK(in_lambda(1) == "shop::box<inner>");
}

TEST_CASE("compilers' spellings become one") {
    using weir::detail::readable_type_name;
    CHECK(readable_type_name("std::vector<{anonymous}::a>") == "std::vector<a>");
    CHECK(readable_type_name("n::(anonymous namespace)::a") == "n::a");
    CHECK(readable_type_name("std::vector<n::f(int, std::vector<int>) const::<lambda(int)>::a>") ==
          "std::vector<a>");
    CHECK(readable_type_name("n::box<int>::f() [with T = int]::a") == "a");
    CHECK(readable_type_name("void(int, std::__cxx11::basic_string<char>)") ==
          "void(int, std::string)");
    CHECK(readable_type_name("std::map<long int, short unsigned int>") ==
          "std::map<long, unsigned short>");
}

TEST_CASE("a member pointer finds its field's name without an object") {
    struct local {
        char first;
        std::optional<int> second_field;
        std::vector<std::string> third_;
    };
    CHECK(field_name(&shop::order::account_id) == "account_id");
    CHECK(field_name(&shop::order::product_id) == "product_id");
    CHECK(field_name(&shop::order::price) == "price");
    CHECK(field_name(&flight::delay) == "delay");
    CHECK(field_name(&shop::hidden::visible_id) == "visible_id");
    CHECK(field_name(&shop::box<flight>::inside) == "inside");
    CHECK(field_name(&local::first) == "first");
    CHECK(field_name(&local::second_field) == "second_field");
    CHECK(field_name(&local::third_) == "third_");
}

TEST_CASE("fields of types that have no JSON form have names too") {
    CHECK(field_name(&wild::pointer) == "pointer");
    CHECK(field_name(&wild::constant) == "constant");
    CHECK(field_name(&wild::name) == "name");
    static_assert(!weir::detail::has_codec<wild>);
}
