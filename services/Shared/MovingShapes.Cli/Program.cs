using System.CommandLine;
using DemoVlp.MovingShapes.Cli;

return await new RootCommand("Moving Shapes: a data set with known truth, and the detector trained on it.") { ClipsCommand.Create(), DetectorCommand.Create() }.Parse(args).InvokeAsync();
