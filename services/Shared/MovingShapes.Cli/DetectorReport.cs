using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Detection.Training;
using SkiaSharp;

namespace DemoVlp.MovingShapes.Cli;

/// <summary>Measures a detector on clips of the test split, through the whole way of the system: H.264 in an mp4, ffmpeg, JPEG.</summary>
internal static class DetectorReport
{
    private const ulong TestSeed = 20_261_123;
    private const int EveryNth = 8; // Three frames of each clip.

    /// <summary>Writes the figures to the console and, with what the detector is, to <c>README.md</c> in its folder.</summary>
    internal static async Task WriteAsync(string folder, DetectorTraining training, double minutes, int clips, CancellationToken cancellationToken)
    {
        var vocabulary = Vocabulary.Standard;
        using var extractor = RegionExtractor.Load(folder, "cpu");
        DetectionEvaluation detections = new(vocabulary.Shapes.Count), regions = new(vocabulary.Shapes.Count);
        var watch = new Stopwatch();
        var count = 0;
        foreach (var scene in new MovingShapesSet(TestSeed, vocabulary).Scenes(Split.Test).Take(clips))
            foreach (var (frame, image) in await FramesAsync(scene, cancellationToken))
            {
                var truth = SceneExamples.Objects(scene, vocabulary, frame);
                detections.Add(extractor.Detect(image), truth);
                watch.Start();
                var kept = extractor.Extract([image], 1)[0];
                watch.Stop();
                count += kept.Count;
                regions.Add(DetectedObject.Of(kept), truth);
            }
        var card = Card(extractor.Detector, training, minutes, clips, detections.Figures(), regions.Figures(), count, watch.Elapsed, vocabulary);
        await File.WriteAllTextAsync(Path.Combine(folder, "README.md"), card, cancellationToken);
        Console.WriteLine(card);
    }

    private static string Card(string name, DetectorTraining training, double minutes, int clips, DetectionFigures found, DetectionFigures regions, int count, TimeSpan time, Vocabulary vocabulary) =>
        string.Create(CultureInfo.InvariantCulture, $"""
        # {name}

        A small Faster R-CNN with attributes (`config.json`), trained from random weights on Moving Shapes, this project's generated clips. It knows
        {vocabulary.Shapes.Count} shapes (`classes.txt`) in {vocabulary.Colors.Count} colours (`attributes.txt`) and nothing else: on other videos its features tell pictures apart, and its
        labels mean nothing.

        Made by `dotnet run -c Release --project services/Shared/MovingShapes.Cli -- detector --seed {training.Seed} --steps {training.Steps} --batch {training.BatchSize} --learning-rate {training.LearningRate} --test {clips} --out <folder>`
        in {minutes:0.0} minutes on one busy core. The same command with the same code is meant to give the same weights on the same machine.

        Measured on {found.Pictures} frames of {clips} clips of the test split, whose scenes training never shows, after H.264 and JPEG:

        | | objects found | regions kept for the models |
        |---|---|---|
        | mAP@0.5 | {found.MeanAveragePrecision:0.000} | |
        | recall at overlap 0.5 (of {found.Objects} objects) | {found.Recall:0.000} | {regions.Recall:0.000} |
        | right class, of those | {found.ClassAccuracy:0.000} | {regions.ClassAccuracy:0.000} |
        | right colour, of those | {found.AttributeAccuracy:0.000} | {regions.AttributeAccuracy:0.000} |
        | a frame | | {(double)count / found.Pictures:0.0} regions, {time.TotalSeconds / found.Pictures:0.000} s |

        Average precision: {string.Join(", ", vocabulary.ShapeNames.Zip(found.AveragePrecision, (shape, precision) => string.Create(CultureInfo.InvariantCulture, $"{shape} {precision:0.000}")))}.

        """);

    private static async Task<List<(int Frame, FrameImage Image)>> FramesAsync(Scene scene, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("moving-shapes-");
        try
        {
            var video = Path.Combine(folder.FullName, "clip.mp4");
            await ClipEncoder.WriteAsync(scene, video, cancellationToken);
            await CliWrap.Cli.Wrap("ffmpeg").WithArguments(["-loglevel", "error", "-i", video, "-q:v", "2", "-start_number", "0", "%d.jpg"])
                .WithWorkingDirectory(folder.FullName).ExecuteAsync(cancellationToken);
            var frames = new List<(int, FrameImage)>();
            for (var frame = EveryNth / 2; frame < Scene.FrameCount; frame += EveryNth)
            {
                using var picture = SKBitmap.Decode(Path.Combine(folder.FullName, $"{frame}.jpg"), new SKImageInfo(Scene.Width, Scene.Height, SKColorType.Bgra8888, SKAlphaType.Opaque));
                frames.Add((frame, SceneExamples.Image(picture)));
            }
            return frames;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
