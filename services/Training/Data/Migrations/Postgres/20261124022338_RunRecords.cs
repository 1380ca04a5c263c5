using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class RunRecords : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "BestEpoch",
                schema: "training",
                table: "Runs",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "BestMetrics",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "CpuSeconds",
                schema: "training",
                table: "Runs",
                type: "double precision",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddColumn<string>(
                name: "Estimate",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LossTerms",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: false,
                defaultValue: "both");

            migrationBuilder.AddColumn<string>(
                name: "Metrics",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "ModelParameters",
                schema: "training",
                table: "Runs",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Patience",
                schema: "training",
                table: "Runs",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Preparation",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Record",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "SkipsValidation",
                schema: "training",
                table: "Runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<double>(
                name: "StepWork",
                schema: "training",
                table: "Runs",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "WallSeconds",
                schema: "training",
                table: "Runs",
                type: "double precision",
                nullable: false,
                defaultValue: 0.0);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "BestEpoch",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "BestMetrics",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "CpuSeconds",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Estimate",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "LossTerms",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Metrics",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "ModelParameters",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Patience",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Preparation",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Record",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "SkipsValidation",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "StepWork",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "WallSeconds",
                schema: "training",
                table: "Runs");
        }
    }
}
