"""Teaches moto's server what a landing zone needs of CloudFormation.

resources.py    resource types as calls to the server itself
provider.py     custom resources, run as CDK's provider framework runs them
differences.py  every place where moto is corrected to behave as AWS does
start.py        starts the server with all of these
"""
