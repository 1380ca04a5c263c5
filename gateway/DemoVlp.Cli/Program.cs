using DemoVlp.Cli;

return await CommandLine.RunAsync(args);
