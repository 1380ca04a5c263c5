using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Detection.Training;
using static TorchSharp.torch;

namespace DemoVlp.MovingShapes.Cli;

/// <summary><c>detector</c>: trains the small detector and measures it on scenes it has not seen.</summary>
internal static class DetectorCommand
{
    private const string Name = "moving-shapes-2";
    private const int StepsPerLine = 50;

    internal static Command Create()
    {
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same detector on the same machine.", DefaultValueFactory = _ => 1 };
        var steps = new Option<int>("--steps") { Description = "Updates of the weights.", DefaultValueFactory = _ => 4000 };
        var batch = new Option<int>("--batch") { Description = "Pictures of an update.", DefaultValueFactory = _ => 8 };
        var rate = new Option<double>("--learning-rate") { Description = "The highest learning rate.", DefaultValueFactory = _ => 0.005 };
        var scenes = new Option<int>("--test") { Description = "Unseen clips to measure on.", DefaultValueFactory = _ => 200 };
        var folder = new Option<string>("--out") { Description = "Folder of the detector.", Required = true };
        var command = new Command("detector", "Trains the small detector on Moving Shapes and measures it on unseen clips.") { seed, steps, batch, rate, scenes, folder };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var training = new DetectorTraining(arguments.GetValue(steps), arguments.GetValue(batch), arguments.GetValue(rate), arguments.GetValue(seed));
            var minutes = Train(arguments.GetRequiredValue(folder), training, cancellationToken);
            await DetectorReport.WriteAsync(arguments.GetRequiredValue(folder), training, minutes, arguments.GetValue(scenes), cancellationToken);
            return 0;
        });
        return command;
    }

    /// <summary>Minutes it took.</summary>
    private static double Train(string folder, DetectorTraining training, CancellationToken cancellationToken)
    {
        var device = ComputeDevice.Choose("cpu");
        // Rounding then does not depend on how many cores there are, and threads do not wait for each other on a busy machine.
        set_num_threads(1);
        var vocabulary = Vocabulary.Standard;
        var config = DetectorConfig.Small with { Name = Name, NumClasses = vocabulary.Shapes.Count + 1, NumAttrs = vocabulary.Colors.Count + 1 };
        config.Validate();
        using var scope = NewDisposeScope();
        using var network = new FasterRcnn(config);
        using var trainer = new DetectorTrainer(network, training, device);
        var watch = Stopwatch.StartNew();
        var latest = new List<DetectorStep>();
        trainer.Run(SceneExamples.Training((ulong)training.Seed, vocabulary), step =>
        {
            latest.Add(step);
            if (latest.Count < StepsPerLine && step.Step < training.Steps) return;
            string Mean(Func<DetectorStep, double> of) => latest.Average(of).ToString("0.000", CultureInfo.InvariantCulture);
            Console.WriteLine($"{step.Step}/{training.Steps} {watch.Elapsed:mm\\:ss} loss {Mean(s => s.Loss)}: rpn {Mean(s => s.RpnObjectness)} + {Mean(s => s.RpnBoxes)}, class {Mean(s => s.Classes)}, box {Mean(s => s.Boxes)}, attribute {Mean(s => s.Attributes)}");
            latest.Clear();
        }, cancellationToken);
        DetectorDirectory.Save(folder, network, vocabulary.ShapeNames, vocabulary.ColorNames);
        return watch.Elapsed.TotalMinutes;
    }
}
