package x
import rego.v1
r0 := graphql.is_valid(input[0][0], input[0][1])
r1 := graphql.parse(input[1][0], input[1][1])
